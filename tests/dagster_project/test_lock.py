"""One refresh writes at a time, and none begins on a warehouse that cannot be read."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest
from filelock import FileLock

from dagster_project import alerts
from dagster_project.lock import WarehouseLock, report_dead_runs
from ingestion.config import PROJECT_DIR, Settings


def test_a_damaged_warehouse_stops_a_refresh_before_its_first_step_with_one_line_and_the_way_out(tmp_path, monkeypatch):
    settings = Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)})
    told = []
    monkeypatch.setattr(alerts, "send", lambda settings, run_id, failed: told.append(failed))
    lock = WarehouseLock(data_dir=str(tmp_path))
    settings.warehouse.write_bytes(b"no database" * 1000)
    with (
        pytest.raises(dg.Failure, match=r"cannot be read .*Move it and its \.wal file away and run `make restore`"),
        lock.yield_for_execution(dg.build_init_resource_context()),
    ):
        pytest.fail("the refresh went on")
    assert settings.warehouse.read_bytes() == b"no database" * 1000
    note = json.loads((settings.serving_dir / "last_run.json").read_text(encoding="utf-8"))
    assert (note["status"], "cannot be read" in note["message"]) == ("failed", True)
    assert told == [["warehouse"]]
    settings.warehouse.unlink()
    with lock.yield_for_execution(dg.build_init_resource_context()) as held:
        assert held is lock


KILLED_HOLDER = """
import sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_the_lock_of_a_refresh_that_was_killed_does_not_stay(tmp_path):
    lock = WarehouseLock(data_dir=str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_HOLDER, tmp_path / "refresh.lock"], stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with (
            pytest.raises(dg.Failure, match="Another refresh is writing"),
            lock.yield_for_execution(dg.build_init_resource_context()),
        ):
            pytest.fail("two refreshes at once")
        holder.kill()
    with lock.yield_for_execution(dg.build_init_resource_context()) as held:
        assert held is lock


KILLED_RUN = """
import time
import dagster as dg

@dg.op
def step():
    print("begun", flush=True)
    time.sleep(600)

@dg.job(name="refresh")
def refresh():
    step()

with dg.DagsterInstance.get() as instance:
    refresh.execute_in_process(instance=instance)
"""


@pytest.fixture
def killed_run(tmp_path, monkeypatch) -> Iterator[tuple[dg.DagsterInstance, str]]:
    """Dagster's storage after a refresh was killed, and the run's id."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT_DIR / "dagster_project" / "dagster.yaml", tmp_path)
    with subprocess.Popen([sys.executable, "-c", KILLED_RUN], cwd=PROJECT_DIR, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        process.kill()
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED, "a killed run seems to go on"
        yield instance, run.run_id


def test_the_next_refresh_reports_a_killed_one_as_failed(killed_run, tmp_path):
    instance, run_id = killed_run
    with WarehouseLock(data_dir=str(tmp_path)).yield_for_execution(dg.build_init_resource_context(instance=instance)):
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE


def test_dagster_reports_a_killed_refresh_when_it_starts_and_leaves_one_that_goes_on_alone(killed_run, tmp_path):
    instance, run_id = killed_run
    settings = Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)})
    with FileLock(tmp_path / "refresh.lock"):
        report_dead_runs(instance, settings)
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.STARTED
    report_dead_runs(instance, settings)
    assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.FAILURE
