"""Dagster's log keeps its files open, and nobody who reads it notices."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from dagster_project.event_log import OpenEventLogStorage

PROJECT_DIR = Path(__file__).resolve().parents[2]


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance as `dagster.yaml` sets it up."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((PROJECT_DIR / "dagster_project" / "dagster.yaml").read_text())
    with dg.DagsterInstance.get() as instance:
        yield instance


def run(instance: dg.DagsterInstance) -> str:
    """Run a job of one asset with one check; return the run's id."""

    @dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="leads")])
    def leads() -> dg.MaterializeResult:
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])

    return dg.materialize([leads], instance=instance).run_id


def test_what_was_logged_is_where_dagster_itself_keeps_and_reads_it(instance, tmp_path):
    run_id = run(instance)
    assert isinstance(instance.event_log_storage, OpenEventLogStorage)
    logged = instance.event_log_storage.get_logs_for_run(run_id)
    plain = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))
    assert plain.get_logs_for_run(run_id) == logged
    assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in {entry.dagster_event_type for entry in logged}


def test_of_many_runs_only_the_last_one_is_held_open(instance):
    runs = [run(instance) for _ in range(3)]
    log = instance.event_log_storage
    assert log._engines.keys() == {"index", runs[-1]}
    assert len(log.get_logs_for_run(runs[0])) == len(log.get_logs_for_run(runs[-1])) > 0
    assert log._engines.keys() == {"index", runs[-1]}


def test_no_event_waits_for_the_disk(instance):
    run(instance)
    log = instance.event_log_storage
    for engine in log._engines.values():
        with engine.connect() as connection:
            journal, synchronous = (
                connection.exec_driver_sql(f"pragma {name}").scalar() for name in ("journal_mode", "synchronous")
            )
            assert (journal, synchronous) == ("wal", 1)
