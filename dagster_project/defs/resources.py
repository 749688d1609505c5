"""What the assets share: the settings, dbt, and the lock that lets one refresh write at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject
from filelock import FileLock, Timeout

from dagster_project.dbt import DBT_EXECUTABLE, dbt_environment, manifest_path, parse, target_dir
from ingestion.config import DBT_DIR, Settings

SETTINGS = Settings.from_environment()
WAREHOUSE_POOL = "warehouse"


class WarehouseLock(dg.ConfigurableResource):
    """Held by a run from its first asset to its last; a second run stops with one clear line."""

    path: str

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WarehouseLock"]:
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise dg.Failure(
                f"Another refresh is writing to {Path(self.path).parent}; wait until it has ended."
            ) from error
        try:
            yield self
        finally:
            lock.release()


MANIFEST_PATH = manifest_path(SETTINGS)
if not MANIFEST_PATH.exists():
    parse(SETTINGS)
os.environ.update(dbt_environment(SETTINGS))

DBT_PROJECT = DbtProject(project_dir=DBT_DIR, target_path=target_dir(SETTINGS))
RESOURCES = {
    "dbt": DbtCliResource(project_dir=DBT_PROJECT, profiles_dir=str(DBT_DIR), dbt_executable=DBT_EXECUTABLE),
    "warehouse_lock": WarehouseLock(path=str(SETTINGS.data_dir / "refresh.lock")),
}
