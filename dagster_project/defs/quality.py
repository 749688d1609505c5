"""Great Expectations as asset checks: on the raw tables of each source and on the marts.

What is expected stands beside the table: in a source's `expectations.py`, in a mart's YAML. Severity `block` stops the
publishing, `warn` is shown.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
from dagster_dbt import get_asset_key_for_model

from dagster_project import audit_report, serving
from dagster_project.defs.resources import MANIFEST_PATH, SETTINGS, WAREHOUSE_POOL
from dagster_project.defs.warehouse import warehouse
from ingestion import monitoring
from ingestion import playbook as playbooks
from ingestion.sources import raw_dataset

CHECK_NAME = "expectations"
SHAPE_TYPES = {"expect_table_columns_to_match_set"}


def mart_expectations() -> dict[dg.AssetKey, tuple[str, list[dict]]]:
    """Per mart, its table and what is expected of it, from the YAML beside its SQL."""
    return {
        get_asset_key_for_model([warehouse], node["name"]): (f"{node['schema']}.{node['name']}", items)
        for node in _models()
        if (items := node["config"]["meta"].get("expectations"))
    }


def watched_marts() -> dict[dg.AssetKey, monitoring.Lately]:
    """Per mart whose rows have a day, how it is watched, from the YAML beside its SQL."""
    return {
        get_asset_key_for_model([warehouse], node["name"]): monitoring.Lately(lately["date"], tuple(lately["columns"]))
        for node in _models()
        if (lately := node["config"]["meta"].get("lately"))
    }


def _models() -> list[dict]:
    nodes = json.loads(MANIFEST_PATH.read_text(encoding="utf-8"))["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model"]


def raw_expectations(source: str) -> dict[dg.AssetKey, tuple[str, list[dict]]]:
    """Per raw table of a source, its name in the warehouse and what is expected of it."""
    expected = import_module(f"ingestion.sources.{source}.expectations").EXPECTATIONS
    dataset = raw_dataset(source)
    return {dg.AssetKey([dataset, table]): (f"{dataset}.{table}", items) for table, items in expected.items()}


def expectation_checks(
    name: str,
    expected: dict[dg.AssetKey, tuple[str, list[dict]]],
    source: str | None = None,
    watched: dict[dg.AssetKey, monitoring.Lately] | None = None,
) -> dg.AssetChecksDefinition:
    """One step that checks several tables; each table is one blocking check, and so is what a source brought lately.

    Marts that are `watched` are held against what readers see and against the days before as well.
    """
    lately = dg.AssetKey([raw_dataset(source), "loads"]) if source else None

    @dg.multi_asset_check(
        name=name,
        specs=[
            dg.AssetCheckSpec(CHECK_NAME, asset=key, blocking=True)
            for key in [*expected, *([lately] if source else [])]
        ],
        pool=WAREHOUSE_POOL,
    )
    def check_expectations(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        # Opened once for all tables, which takes a tenth of a second.
        with duckdb.connect(str(SETTINGS.warehouse), read_only=True) as connection:
            validated = {key: validate(connection, table, items) for key, (table, items) in expected.items()}
            if watched:
                validated |= _with_lately(connection, validated, watched)
        if source:
            validated[lately] = validate_lately(source)
        # Before anything is judged: a step that a check stops is not gone on with.
        reports = {".".join(key.path): report for key, (_, report) in validated.items()}
        try:
            page = audit_report.write(SETTINGS, context.run.run_id, reports)
        except OSError as error:  # numbers that pass are published without it
            context.log.warning(f"The report of what was checked cannot be written: {error.strerror}.")
        else:
            context.log.info(f"what was checked: {page}")
        for key, (outcomes, _) in validated.items():
            yield _check_result(key, outcomes)

    return check_expectations


def _check_result(key: dg.AssetKey, outcomes: list[dict[str, Any]]) -> dg.AssetCheckResult:
    failed = [outcome for outcome in outcomes if not outcome["is_passed"]]
    blocks = any(outcome["severity"] == "block" for outcome in failed)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CHECK_NAME,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{outcome['expectation']}: {outcome['detail']}" for outcome in failed) or None,
        metadata={"expectations": dg.MetadataValue.json(outcomes)},
    )


def validate(connection: duckdb.DuckDBPyConnection, table: str, items: list[dict]) -> tuple[list[dict[str, Any]], Any]:
    """Validate a table of the warehouse; per expectation its name, severity, verdict and a sentence.

    With them comes Great Expectations' own report of the table.
    """
    results = {}
    # What is said of the columns as such needs no row; a large table is not read for it.
    for is_shape in (True, False):
        numbered = [(number, item) for number, item in enumerate(items) if (item["type"] in SHAPE_TYPES) == is_shape]
        if numbered:
            frame = _frame(connection, table, [item for _, item in numbered], is_shape)
            report = audit_report.validated(table, frame, [item for _, item in numbered])
            results |= {number: result for (number, _), result in zip(numbered, report.results, strict=True)}
    report = audit_report.counted(report, [results[number] for number in sorted(results)])
    return [_outcome(item, result) for item, result in zip(items, report.results, strict=True)], report


def validate_lately(source: str) -> tuple[list[dict[str, Any]], Any]:
    """The same of what a source brought lately, against what it usually brings; what was found is told in words."""
    limits = monitoring.thresholds(playbooks.read(SETTINGS))
    frame = monitoring.recent(SETTINGS, source, limits)
    return _validate_lately(f"{raw_dataset(source)}.loads", frame, monitoring.expectations(limits))


def _with_lately(
    connection: duckdb.DuckDBPyConnection, validated: dict[dg.AssetKey, Any], watched: dict[dg.AssetKey, Any]
) -> dict[dg.AssetKey, tuple[list[dict[str, Any]], Any]]:
    """What was found of marts, joined by what they hold of the last days."""
    limits = monitoring.thresholds(playbooks.read(SETTINGS))
    items = monitoring.mart_expectations(limits)
    built = connection.execute("select as_of, as_of_date from marts.dim_build").fetchall()
    if len(built) != 1:  # what is expected of that mart says so
        return {}
    [(as_of, as_of_date)] = built
    published = serving.row_counts(SETTINGS, as_of)
    joined = {}
    for key, lately in watched.items():
        table = key.path[-1]
        frame = monitoring.recent_mart(connection, table, lately, as_of_date, published.get(table), limits)
        (outcomes, report), (more, lately_report) = validated[key], _validate_lately(".".join(key.path), frame, items)
        joined[key] = [*outcomes, *more], audit_report.counted(report, [*report.results, *lately_report.results])
    return joined


def _validate_lately(name: str, frame: pd.DataFrame, items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Any]:
    report = audit_report.validated(name, frame[[item["kwargs"]["column"] for item in items]], items)
    outcomes = [_outcome(item, result) for item, result in zip(items, report.results, strict=True)]
    for item, outcome in zip(items, outcomes, strict=True):
        outcome["detail"] = monitoring.told(frame, item)
    return outcomes, report


def _frame(connection: duckdb.DuckDBPyConnection, table: str, items: list[dict], is_shape: bool) -> pd.DataFrame:
    """The columns that the expectations name, all of them where they name none; no rows for the table's shape."""
    lists = [item["kwargs"].get("column_list", []) for item in items]
    columns = sorted(
        {column for item in items for column in _subjects(item)} | {name for names in lists for name in names}
    )
    selected = "*" if is_shape or not columns else ", ".join(f'"{column}"' for column in columns)
    return connection.execute(f"select {selected} from {table} {'limit 0' if is_shape else ''}").df()


def _subjects(item: dict) -> list[str]:
    return [value for key, value in item["kwargs"].items() if key.startswith("column") and isinstance(value, str)]


def _outcome(item: dict, result: Any) -> dict[str, Any]:
    subjects = _subjects(item)
    name = item["type"].removeprefix("expect_")
    unexpected, observed = (result.result.get(key) for key in ("unexpected_count", "observed_value"))
    found = f"found {observed}" if unexpected is None else f"{unexpected:,} rows do not" if unexpected else ""
    return {
        "expectation": item.get("claim") or (f"{name} ({', '.join(subjects)})" if subjects else name),
        "severity": item["severity"],
        "is_passed": bool(result.success),
        "detail": found,
    }


raw_checks = [
    expectation_checks(f"check_raw_{source}", raw_expectations(source), source) for source in SETTINGS.sources
]
mart_checks = expectation_checks("check_marts", mart_expectations(), watched=watched_marts())
