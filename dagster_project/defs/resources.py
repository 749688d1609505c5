"""What the assets share: the settings, dbt, and the lock of the warehouse."""

import os

from dagster_dbt import DbtCliResource, DbtProject

from dagster_project.dbt import DBT_EXECUTABLE, dbt_environment, manifest_path, parse, target_dir
from dagster_project.lock import WarehouseLock
from ingestion.config import DBT_DIR, Settings

SETTINGS = Settings.from_environment()
WAREHOUSE_POOL = "warehouse"

MANIFEST_PATH = manifest_path(SETTINGS)
if not MANIFEST_PATH.exists():
    parse(SETTINGS)
os.environ.update(dbt_environment(SETTINGS))

DBT_PROJECT = DbtProject(project_dir=DBT_DIR, target_path=target_dir(SETTINGS))
RESOURCES = {
    "dbt": DbtCliResource(project_dir=DBT_PROJECT, profiles_dir=str(DBT_DIR), dbt_executable=DBT_EXECUTABLE),
    "warehouse_lock": WarehouseLock(data_dir=str(SETTINGS.data_dir)),
}
