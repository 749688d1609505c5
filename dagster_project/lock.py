"""The lock that lets one refresh write at a time, and the look at the warehouse before it begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from dagster_project import alerts, serving
from ingestion.config import Settings
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
        lock = FileLock(Path(self.data_dir) / "refresh.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise dg.Failure(f"Another refresh is writing to {self.data_dir}; wait until it has ended.") from error
        try:
            self._require_readable(context.run_id or "")
            yield self
        finally:
            lock.release()

    def _require_readable(self, run_id: str) -> None:
        settings = replace(Settings.from_environment(), data_dir=Path(self.data_dir))
        if reason := unreadable(settings.warehouse):
            words = (
                f"{settings.warehouse} cannot be read ({reason}). Move it and its .wal file away and refresh again: "
                "every source is then loaded anew. What it had kept of earlier days and the sources no longer tell "
                "is lost; docs/reliability.md says more."
            )
            # No step has begun that could note its failure for the banner and tell the channel.
            serving.record_failure(settings, run_id, words)
            trouble = alerts.send(settings, run_id, ["warehouse"])
            raise dg.Failure(" ".join(filter(None, [words, trouble])))
