"""The playbook and the raw tables: one asset per table, one step per enabled source."""

import dagster as dg

from dagster_project.defs.resources import SETTINGS, WAREHOUSE_POOL
from dagster_project.lock import WarehouseLock
from dagster_project.progress import LOAD_CHECK
from ingestion import playbook as playbooks
from ingestion.erasure import Receipt, erase_requested, finish, lines
from ingestion.faults import Fault
from ingestion.load import FAILED, Load, load
from ingestion.retention import apply_retention
from ingestion.sources import raw_dataset, source_module

GROUP = "ingestion"


@dg.asset(group_name=GROUP, kinds={"csv"}, pool=WAREHOUSE_POOL)
def playbook(context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock) -> dg.MaterializeResult:
    """The business rules in force: the defaults with a company's own files laid over them; what they let go is gone,
    and so is whom an erasure that was broken off was to forget.
    """
    try:
        files = playbooks.publish(SETTINGS)
        for sentence in apply_retention(SETTINGS):
            context.log.info(sentence)
        _tell(context, finish(SETTINGS, context.log.info))
    except Fault as fault:
        raise dg.Failure(str(fault), allow_retries=False) from fault
    return dg.MaterializeResult(metadata={name: str(path) for name, path in files.items()})


def source_assets(source: str) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The raw tables of a source, loaded in one step, downstream of the system they come from."""
    system = dg.AssetSpec(dg.AssetKey(["systems", source]), group_name=GROUP, kinds={source})
    tables = [
        dg.AssetKey([raw_dataset(source), table])
        for table in (*source_module(source).raw_tables(), "_dlt_loads", "loads")
    ]
    check = dg.AssetCheckSpec(
        LOAD_CHECK,
        asset=tables[-1],
        blocking=True,
        description="The last load worked, or the one before is new enough.",
    )

    @dg.multi_asset(
        name=f"load_{source}",
        group_name=GROUP,
        pool=WAREHOUSE_POOL,
        specs=[dg.AssetSpec(key, deps=[system.key, playbook.key], kinds={"dlt", "duckdb"}) for key in tables],
        check_specs=[check],
    )
    def load_source(context: dg.AssetExecutionContext, warehouse_lock: WarehouseLock):
        result = load(source, SETTINGS)
        for notice in result.notices:
            context.log.warning(notice)
        context.log.info(f"{source}: {result.message}")
        _tell(context, erase_requested(SETTINGS, source, context.log.info))
        for key in tables:
            yield dg.MaterializeResult(asset_key=key, metadata={"message": result.message})
        yield _freshness(source, check, result)

    return [system, load_source]


def _tell(context: dg.AssetExecutionContext, receipt: Receipt | None) -> None:
    for line in lines(receipt) if receipt else ():
        context.log.warning(line)


def _freshness(source: str, check: dg.AssetCheckSpec, result: Load) -> dg.AssetCheckResult:
    """A failed load stops the run only where there is nothing older to fall back on, or it is too old to show."""
    rule = next((row for row in playbooks.read(SETTINGS)["sources"] if row["source"] == source), None)
    if rule is None:
        raise dg.Failure(f"sources.csv of the playbook has no row for '{source}'.", allow_retries=False)
    hours = (SETTINGS.now() - result.last_loaded_at).total_seconds() / 3600 if result.last_loaded_at else None
    is_too_old = hours is None or (rule["is_required"] == "true" and hours > int(rule["max_staleness_hours"]))
    return dg.AssetCheckResult(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=result.status != FAILED and not is_too_old,
        severity=dg.AssetCheckSeverity.ERROR if is_too_old else dg.AssetCheckSeverity.WARN,
        description=result.message,
    )


assets = [asset for source in SETTINGS.sources for asset in source_assets(source)]
