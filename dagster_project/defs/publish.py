"""Publish what passed: marts into a versioned serving file, people into another, and the dashboard that reads it."""

import json

import dagster as dg

from dagster_project import serving
from dagster_project.dbt import code_version
from dagster_project.defs.resources import MANIFEST_PATH, SETTINGS, WAREHOUSE_POOL
from dagster_project.defs.warehouse import warehouse
from dagster_project.lock import WarehouseLock
from dagster_project.restatements import explain

GROUP = "serving"


def published_keys() -> list[dg.AssetKey]:
    """The assets that are copied into the serving file and into the contacts file."""
    return sorted(key for key in warehouse.specs_by_key if key.path[0] in ("marts", "pii"))


@dg.asset(deps=published_keys(), group_name=GROUP, kinds={"duckdb"}, pool=WAREHOUSE_POOL)
def restatements(context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock) -> dg.MaterializeResult:
    """By how much figures of past months are other than published, and why."""
    code, readers_see = code_version(SETTINGS), serving.current(SETTINGS)
    moved_count = explain(SETTINGS, readers_see, context.run_id, code, context.log)
    return dg.MaterializeResult(metadata={"moved_figures": moved_count})


@dg.asset(deps=[*published_keys(), restatements], group_name=GROUP, kinds={"duckdb"}, pool=WAREHOUSE_POOL)
def serving_file(context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock) -> dg.MaterializeResult:
    """The marts as readers see them and, apart, who people are: new files, swapped in once what blocks has passed."""
    path = serving.publish(SETTINGS, context.run_id, run_checks(context.instance, context.run_id))
    context.log.info(f"published {path}")
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(path), "size": path.stat().st_size})


def run_checks(instance: dg.DagsterInstance, run_id: str) -> list[serving.CheckResult]:
    """Every check that the run has made so far: expectations one by one, and dbt tests."""
    tests = {node["name"]: node for node in json.loads(MANIFEST_PATH.read_text(encoding="utf-8"))["nodes"].values()}
    results = []
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = entry.dagster_event.asset_check_evaluation_data
        asset = ".".join(evaluation.asset_key.path)
        outcomes = evaluation.metadata.get("expectations")
        if outcomes:
            for outcome in outcomes.value:
                results.append(
                    serving.CheckResult(
                        check_id=f"{asset}:{outcome['expectation']}",
                        asset=asset,
                        check_name=outcome["expectation"],
                        kind="great_expectations",
                        severity=outcome["severity"],
                        is_passed=outcome["is_passed"],
                        detail=outcome["detail"],
                    )
                )
            continue
        # Of what has passed Dagster says nothing more than that; dbt's own word of it is in the manifest.
        declared = tests.get(evaluation.check_name, {}).get("config", {}).get("severity", "").lower()
        is_warning = declared == "warn" or evaluation.severity == dg.AssetCheckSeverity.WARN
        results.append(
            serving.CheckResult(
                check_id=f"{asset}:{evaluation.check_name}",
                asset=asset,
                check_name=evaluation.check_name,
                kind="dbt" if evaluation.check_name in tests else "load",
                severity="warn" if is_warning else "block",
                is_passed=evaluation.passed,
                detail=evaluation.description or "",
            )
        )
    return results


dashboard = dg.AssetSpec(
    "dashboard", deps=[serving_file], group_name=GROUP, kinds={"streamlit"}, description="What leadership opens."
)
