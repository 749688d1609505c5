"""The dbt project as assets: seeds, staging, unified, intermediate and marts with their tests."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject, dbt_assets

from dagster_project.dbt import forget_old_runs
from dagster_project.defs.ingestion import playbook
from dagster_project.defs.resources import DBT_PROJECT, MANIFEST_PATH, SETTINGS, WAREHOUSE_POOL
from dagster_project.lock import WarehouseLock

BUILD = "build_warehouse"


class WarehouseTranslator(DagsterDbtTranslator):
    """Groups are the folders of the dbt project; the seeds come from the playbook."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(deps=[playbook.key]) if unique_id.startswith("seed.") else spec

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return "playbook" if dbt_resource_props["resource_type"] == "seed" else dbt_resource_props["fqn"][1]


TRANSLATOR = WarehouseTranslator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True))


@dbt_assets(
    manifest=MANIFEST_PATH,
    project=DBT_PROJECT,
    dagster_dbt_translator=TRANSLATOR,
    name=BUILD,
    pool=WAREHOUSE_POOL,
)
def warehouse(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse_lock: WarehouseLock) -> Iterator[Any]:
    # Unit tests prove the logic, not the data: `make test` runs them.
    forget_old_runs(SETTINGS, BUILD)
    build = dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context)
    try:
        yield from build.stream()
    finally:
        # Where Dagster itself fails, on a full disk for one, dbt would go on to write beside whatever comes next.
        build.process.kill()
        build.process.wait()
