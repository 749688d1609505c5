"""Run a source into the warehouse: all of it or nothing, and a line in its `loads` table either way."""

import csv
import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

import dlt
import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion import suppression
from ingestion.config import Settings
from ingestion.faults import DAMAGE, Fault, way_out
from ingestion.landing import (
    LOADED_MARK,
    Landed,
    landed_source,
    landings,
    loaded,
    mark_loaded,
    moment_and_number,
    note_newest,
    require_known_key,
    require_whole,
    source_dir,
)
from ingestion.retention import kept_since_by_kind
from ingestion.sources import RAW_PREFIX, Extraction, RawState, known_sources, raw_dataset, source_module
from ingestion.sql import MEMORY_LIMIT

LOADED, FAILED, SKIPPED = "loaded", "failed", "skipped"
# What reading an answer raises that is not shaped as its vendor says.
ODD_ANSWER = (LookupError, TypeError, ValueError, AttributeError, csv.Error)
LONGEST_WORDS = 200
# What stands in a traceback before the words of what was raised.
RAISED = re.compile(r" [\w.]+(?:Error|Exception): ")


@dataclass(frozen=True)
class Load:
    """How one load of a source ended. `last_loaded_at` is when its newest complete data came in, None for never.

    The counts are those of `Extraction`, 0 unless the status is loaded; `notices` are sentences for the user.
    """

    source: str
    status: str
    message: str
    last_loaded_at: datetime | None
    row_count: int = 0
    changed_count: int = 0
    quarantined_count: int = 0
    notices: tuple[str, ...] = ()


def load(name: str, settings: Settings) -> Load:
    """Bring a source's news into `raw_<source>`. A fault of the source is recorded and returned, never raised.

    Nothing is loaded when the moment to load as (`FUNNELHOUSE_AS_OF`, else the clock) lies before what has been loaded
    already, nor as of a past moment once a load has been made by the clock: raw tables only ever grow forward in time,
    so that any past moment can be built again.

    Raises Fault where there is no such source, the data directory cannot be written or the warehouse is damaged: that
    is no fault of the source, and what is built on it would fail anyway.
    """
    source = source_module(name)
    for reloaded in settings.reload:
        source_module(reloaded, named_by="FUNNELHOUSE_RELOAD")
    settings.prepare_data_dir()
    dataset, loaded_at = raw_dataset(name), settings.now()
    try:
        _sweep_incomplete(settings, dataset)
        last = last_loaded_at(settings, dataset)
    except duckdb.Error as error:
        raise Fault(_meant(settings, str(error))) from error
    settings.hash_secret(is_in_use=last is not None)
    require_known_key(settings, [name])
    suppression.require_readable(settings.data_dir)
    if last and loaded_at < last:
        message = f"nothing loaded: {loaded_at:%Y-%m-%d %H:%M} lies before the last load of {last:%Y-%m-%d %H:%M}"
        return Load(name, SKIPPED, message, last)
    if settings.as_of and _loads_by_the_clock(settings, dataset):
        message = f"nothing loaded: today's data are not what was known at {loaded_at:%Y-%m-%d %H:%M}"
        return Load(name, SKIPPED, message, last)
    started, extraction, news = _clock(), None, []
    raw = RawState(settings.warehouse, dataset, loaded_at, name in settings.reload)
    try:
        extraction = source.extract(settings, raw)
    except (Fault, duckdb.Error, OSError) as fault:
        outcome = Load(name, FAILED, str(fault) or repr(fault), last)
    except ODD_ANSWER as error:
        outcome = Load(name, FAILED, _odd(name, error), last)
    else:
        told = (*extraction.notices, *suppression.notices(raw))
        outcome = _loaded(name, extraction, told, loaded_at)
        news = [landed_source(name, [extraction.landing], extraction.columns, extraction.complete)]
    notices = tuple(map(settings.without_secrets, outcome.notices))
    message = settings.without_secrets(_meant(settings, outcome.message))
    outcome = replace(outcome, message=message, notices=notices)
    line = _line(outcome, started, loaded_at)
    if extraction:  # before the load: what is marked in vain is unmarked by the next one, what is not marked is lost
        mark_loaded(settings, extraction.landing, Landed(line, extraction.columns))
    try:
        _run(name, settings, [*news, _loads_resource([line])])
    except PipelineStepFailed as failure:
        # Half a package may be there; nobody reads it, and the next load sweeps it.
        reason = _reason(settings, failure)
        message = f"{settings.warehouse} cannot be written ({reason}); nothing is loaded."
        return Load(name, FAILED, message, last)
    if extraction:
        note_newest(extraction.landing)
    if outcome.status == LOADED:  # what was read is in the raw tables; the pages may tell of people who are suppressed
        shutil.rmtree(source_dir(settings, name) / "unfinished", ignore_errors=True)
    return outcome


def unreadable(warehouse: Path) -> str | None:
    """Why a warehouse cannot be opened, in a line; None where it can be, or is still to be made.

    Only its catalogue is read: a damaged block of a table is found by whoever reads that table.
    """
    if not warehouse.exists():
        return None
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            connection.execute("select count(*) from duckdb_tables()").fetchall()
    except duckdb.Error as error:
        return " ".join(str(error).split())[:LONGEST_WORDS]
    return None


def _meant(settings: Settings, words: str) -> str:
    """What a tool's words mean where they tell of the disk: no file of the source is to blame for that.

    Raises Fault where the warehouse is damaged.
    """
    meaning = way_out(settings.warehouse, words)
    if DAMAGE in words:
        raise Fault(meaning)
    return meaning or words


def _reason(settings: Settings, failure: PipelineStepFailed) -> str:
    """Why dlt could not load, in a line; of a traceback that it tells, the last words alone."""
    words = " ".join(str(failure.exception).split())
    return RAISED.split(_meant(settings, words))[-1][:LONGEST_WORDS]


def _odd(name: str, error: Exception) -> str:
    """One line for whoever is to look into an answer that was not understood: what, and where in our code."""
    own = Path(__file__).parent
    frame = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(own)][-1]
    place = f"{Path(frame.filename).relative_to(own.parent)}, line {frame.lineno}"
    words = f"{type(error).__name__}: {' '.join(str(error).split())[:LONGEST_WORDS]}"
    return f"{name} gave something that is not understood ({words}; {place}); nothing is loaded."


def _loads_by_the_clock(settings: Settings, dataset: str) -> bool:
    """Whether a load was made as of the moment at which it ran, as against one of a data set of the past."""
    if not _has_table(settings, dataset, "loads"):
        return False
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        [(count,)] = connection.execute(
            f"select count(*) from {dataset}.loads where status = ? and _loaded_at >= started_at - interval 1 minute",
            [LOADED],
        ).fetchall()
    return count > 0


def last_loaded_at(settings: Settings, dataset: str) -> datetime | None:
    """When the newest complete load of a source came in; None before the first."""
    if not _has_table(settings, dataset, "loads"):
        return None
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        [(moment,)] = connection.execute(
            f"select max(_loaded_at) from {dataset}.loads where status = ?", [LOADED]
        ).fetchall()
    return moment


def _run(name: str, settings: Settings, data: object) -> None:
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    dlt.config["load.delete_completed_jobs"] = True  # copies of rows: people's data lie in raw files and tables alone
    credentials = DuckDbCredentials(str(settings.warehouse))
    # Rows of a raw table have no order to keep, and keeping it costs memory and half of the speed.
    credentials.global_config = {"memory_limit": MEMORY_LIMIT, "preserve_insertion_order": False}
    pipeline = dlt.pipeline(
        pipeline_name=name,
        pipelines_dir=str(settings.data_dir / "dlt"),
        destination=dlt.destinations.duckdb(credentials),
        dataset_name=raw_dataset(name),
    )
    # What fails is told in a line, and dlt would say pages; a pipeline that is made sets the level itself.
    logging.getLogger("dlt").setLevel(logging.CRITICAL)
    pipeline.run(data, loader_file_format="parquet")


def _loaded(name: str, extraction: Extraction, notices: tuple[str, ...], loaded_at: datetime) -> Load:
    message = f"{extraction.row_count:,} rows, {extraction.changed_count:,} new or changed"
    if extraction.quarantined_count:
        message += f", {extraction.quarantined_count:,} in quarantine"
    return Load(
        source=name,
        status=LOADED,
        message=message,
        last_loaded_at=loaded_at,
        row_count=extraction.row_count,
        changed_count=extraction.changed_count,
        quarantined_count=extraction.quarantined_count,
        notices=notices,
    )


def _line(outcome: Load, started: datetime, loaded_at: datetime) -> dict[str, Any]:
    """The line of this load in the `loads` table."""
    return {
        "started_at": started,
        "finished_at": _clock(),
        "_loaded_at": loaded_at,
        "status": outcome.status,
        "message": outcome.message,
        "row_count": outcome.row_count,
        "changed_count": outcome.changed_count,
        "quarantined_count": outcome.quarantined_count,
    }


def _loads_resource(lines: list[dict[str, Any]]) -> dlt.sources.DltResource:
    moments = ("started_at", "finished_at", "_loaded_at")
    columns = {name: {"data_type": "timestamp", "timezone": False} for name in moments}
    return dlt.resource(lines, name="loads", write_disposition="append", columns=columns)


def restore(settings: Settings, say: Callable[[str], None]) -> None:
    """Make a lost warehouse's raw tables anew from what has landed in all loads. The caller holds `refresh.lock`.

    They are as they were, moments and deletions included; only that a load failed is forgotten. The warehouse appears
    when all of it is there. Raises Fault where there is a warehouse, or nothing to make it from.
    """
    if settings.warehouse.exists():
        raise Fault(f"{settings.warehouse} is there; move it and its .wal file away if it is to be made anew.")
    log = settings.warehouse.with_name(f"{settings.warehouse.name}.wal")
    if log.exists():  # DuckDB would take it for changes of the new one
        raise Fault(f"{log} is there; move it away as well: it holds changes of the warehouse that is gone.")
    work = replace(settings, data_dir=settings.data_dir / "restoring")
    shutil.rmtree(work.data_dir, ignore_errors=True)
    kept_since = kept_since_by_kind(settings).get("landed_files")
    restored_count = 0
    for name in known_sources():
        found = {landing: landed for landing in landings(settings, name) if (landed := loaded(landing))}
        if found:
            require_known_key(settings, [name])
        require_whole(source_dir(settings, name), found, kept_since)
        columns: dict[str, dict[str, str]] = {}
        for landed in found.values():
            for table, own in landed.columns.items():
                columns[table] = columns.get(table, {}) | own
        # Of several loads as of one moment the later counts, so they are numbered; all first ones go in at once.
        number_of = {landing: moment_and_number(landing)[1] for landing in found}
        for number in sorted(set(number_of.values())):
            batch = [landing for landing in found if number_of[landing] == number]
            lines = [found[landing].line for landing in batch]
            work.prepare_data_dir()
            try:
                _run(name, work, [landed_source(name, batch, columns, set()), _loads_resource(lines)])
            except PipelineStepFailed as failure:
                reason = _reason(work, failure)
                raise Fault(f"{name} cannot be restored from {source_dir(settings, name)} ({reason}).") from failure
        if found:
            say(f"{name}: {len(found):,} loads, the last as of {moment_and_number(list(found)[-1])[0]:%Y%m%d}")
        restored_count += len(found)
    if not restored_count:
        raise Fault(f"Nothing has landed in {settings.data_dir / 'raw'}; run `make refresh` to load every source anew.")
    work.warehouse.replace(settings.warehouse)
    shutil.rmtree(work.data_dir, ignore_errors=True)


def _sweep_incomplete(settings: Settings, dataset: str) -> None:
    """Undo a load that was cut off: its rows go, and so does dlt's local state, which dlt restores from the warehouse.

    dlt would finish the cut-off package instead, but may then append a file twice that had been copied just before.
    """
    shutil.rmtree(settings.data_dir / "dlt", ignore_errors=True)
    if not _has_table(settings, dataset, "_dlt_loads"):
        return
    with duckdb.connect(str(settings.warehouse)) as connection:
        tables = connection.execute(
            "select table_name from duckdb_columns() where schema_name = ? and column_name = '_dlt_load_id'", [dataset]
        ).fetchall()
        for (table,) in tables:
            connection.execute(
                f"""
                delete from {dataset}.{table}
                where _dlt_load_id not in (select load_id from {dataset}._dlt_loads where status = 0)
                """
            )
    _unmark_incomplete(settings, dataset)


def _unmark_incomplete(settings: Settings, dataset: str) -> None:
    """Take back the mark of the last landing where its load was cut off after it had been marked."""
    found = landings(settings, dataset.removeprefix(RAW_PREFIX))
    marked = [landing for landing in found if (landing / LOADED_MARK).exists()]
    if not marked or not _has_table(settings, dataset, "loads"):
        return
    try:
        finished = loaded(marked[-1]).line["finished_at"]
    except Fault:  # what it says is of use to a restore alone, which tells it
        return
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        query = f"select 1 from {dataset}.loads where finished_at = ?"
        if not connection.execute(query, [finished]).fetchall():
            (marked[-1] / LOADED_MARK).unlink()


def _has_table(settings: Settings, dataset: str, table: str) -> bool:
    if not settings.warehouse.exists():
        return False
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [dataset, table]
        ).fetchall()
    return found != [(0,)]


def _clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
