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

from dagster_project.defs.resources import MANIFEST_PATH, SETTINGS, WAREHOUSE_POOL
from dagster_project.defs.warehouse import warehouse
from ingestion.sources import raw_dataset

CHECK_NAME = "expectations"
SHAPE_TYPES = {"expect_table_columns_to_match_set"}


def mart_expectations() -> dict[dg.AssetKey, tuple[str, list[dict]]]:
    """Per mart, its table and what is expected of it, from the YAML beside its SQL."""
    nodes = json.loads(MANIFEST_PATH.read_text())["nodes"].values()
    return {
        get_asset_key_for_model([warehouse], node["name"]): (
            f"{node['schema']}.{node['name']}",
            node["config"]["meta"]["expectations"],
        )
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["meta"].get("expectations")
    }


def raw_expectations(source: str) -> dict[dg.AssetKey, tuple[str, list[dict]]]:
    """Per raw table of a source, its name in the warehouse and what is expected of it."""
    expected = import_module(f"ingestion.sources.{source}.expectations").EXPECTATIONS
    dataset = raw_dataset(source)
    return {dg.AssetKey([dataset, table]): (f"{dataset}.{table}", items) for table, items in expected.items()}


def expectation_checks(name: str, expected: dict[dg.AssetKey, tuple[str, list[dict]]]) -> dg.AssetChecksDefinition:
    """One step that checks several tables; each table is one blocking check."""

    @dg.multi_asset_check(
        name=name,
        specs=[dg.AssetCheckSpec(CHECK_NAME, asset=key, blocking=True) for key in expected],
        pool=WAREHOUSE_POOL,
    )
    def check_expectations() -> Iterator[dg.AssetCheckResult]:
        for key, (table, items) in expected.items():
            outcomes = validate(table, items)
            failed = [outcome for outcome in outcomes if not outcome["is_passed"]]
            blocks = any(outcome["severity"] == "block" for outcome in failed)
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=CHECK_NAME,
                passed=not failed,
                severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
                description="; ".join(f"{outcome['expectation']}: {outcome['detail']}" for outcome in failed) or None,
                metadata={"expectations": dg.MetadataValue.json(outcomes)},
            )

    return check_expectations


def validate(table: str, items: list[dict]) -> list[dict[str, Any]]:
    """Validate a table of the warehouse; per expectation its name, severity, verdict and a sentence."""
    import great_expectations as gx  # takes seconds to import, and only a run needs it
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.registry import get_expectation_impl

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset(table)
    definition = asset.add_batch_definition_whole_dataframe("all")
    outcomes = {}
    # What is said of the columns as such needs no row; a large table is not read for it.
    for is_shape in (True, False):
        numbered = [(number, item) for number, item in enumerate(items) if (item["type"] in SHAPE_TYPES) == is_shape]
        if numbered:
            frame = _frame(table, [item for _, item in numbered], is_shape)
            expectations = [get_expectation_impl(item["type"])(**item["kwargs"]) for _, item in numbered]
            batch = definition.get_batch({"dataframe": frame})
            report = batch.validate(ExpectationSuite(f"{table} {is_shape}", expectations=expectations))
            for (number, item), result in zip(numbered, report.results, strict=True):
                outcomes[number] = _outcome(item, result)
    return [outcomes[number] for number in sorted(outcomes)]


def _frame(table: str, items: list[dict], is_shape: bool) -> pd.DataFrame:
    """The columns that the expectations name, all of them where they name none; no rows for the table's shape."""
    lists = [item["kwargs"].get("column_list", []) for item in items]
    columns = sorted(
        {column for item in items for column in _subjects(item)} | {name for names in lists for name in names}
    )
    selected = "*" if is_shape or not columns else ", ".join(f'"{column}"' for column in columns)
    with duckdb.connect(str(SETTINGS.warehouse), read_only=True) as connection:
        return connection.execute(f"select {selected} from {table} {'limit 0' if is_shape else ''}").df()


def _subjects(item: dict) -> list[str]:
    return [value for key, value in item["kwargs"].items() if key.startswith("column") and isinstance(value, str)]


def _outcome(item: dict, result: Any) -> dict[str, Any]:
    subjects = _subjects(item)
    name = item["type"].removeprefix("expect_")
    unexpected, observed = (result.result.get(key) for key in ("unexpected_count", "observed_value"))
    return {
        "expectation": f"{name} ({', '.join(subjects)})" if subjects else name,
        "severity": item["severity"],
        "is_passed": bool(result.success),
        "detail": f"{unexpected:,} rows do not" if unexpected is not None else f"found {observed}",
    }


raw_checks = [expectation_checks(f"check_raw_{source}", raw_expectations(source)) for source in SETTINGS.sources]
mart_checks = expectation_checks("check_marts", mart_expectations())
