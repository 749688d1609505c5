"""The lock that lets one refresh write at a time, and what is looked at before it begins: dead runs, the warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from dagster_project import alerts, serving
from ingestion.config import Settings
from ingestion.faults import damaged, way_out
from ingestion.load import unreadable


class WarehouseLock(dg.ConfigurableResource):
    """Held by a run from its first asset to its last; a second run stops with one clear line.

    The system lets go of it when its holder dies, so that a killed refresh is in nobody's way. A warehouse that cannot
    be opened stops the run here too, before anything has been written.
    """

    data_dir: str

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WarehouseLock"]:
        Path(self.data_dir).mkdir(parents=True, exist_ok=True)
        lock = _lock(self.data_dir)
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise dg.Failure(f"Another refresh is writing to {self.data_dir}; wait until it has ended.") from error
        try:
            if context.instance:
                _report_dead_runs(context.instance, context.run_id)
            self._require_readable(context.run_id or "")
            yield self
        finally:
            lock.release()

    def _require_readable(self, run_id: str) -> None:
        settings = replace(Settings.from_environment(), data_dir=Path(self.data_dir))
        if reason := unreadable(settings.warehouse):
            words = way_out(settings.warehouse, reason) or damaged(settings.warehouse, reason)
            # No step has begun that could note its failure for the banner and tell the channel.
            serving.record_failure(settings, run_id, words)
            trouble = alerts.send(settings, run_id, ["warehouse"])
            raise dg.Failure(" ".join(filter(None, [words, trouble])))


def report_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Report as failed the refreshes that Dagster takes for running though nobody holds the lock."""
    try:
        with _lock(settings.data_dir).acquire(blocking=False):
            _report_dead_runs(instance, own_run_id=None)
    except Timeout:
        return


def _report_dead_runs(instance: dg.DagsterInstance, own_run_id: str | None) -> None:
    """Whoever holds the lock is the only refresh there is; a killed one cannot say that it is none any more.

    Dagster would let no scheduled run begin as long as a dead one seems to be writing.
    """
    alive = dg.RunsFilter(job_name="refresh", statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    for run in instance.get_runs(alive):
        if run.run_id != own_run_id:
            instance.report_run_failed(run, "The refresh was killed before it could end.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _lock(data_dir: str | Path) -> FileLock:
    return FileLock(Path(data_dir) / "refresh.lock")
