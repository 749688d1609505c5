"""What a load adds to the raw tables lies first as parquet files under `raw/<source>/`; dlt brings it from there.

The files stay, with the load's line of the table `loads` in `loaded.json`: from them raw tables can be restored.
"""

import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.config import LOST_SECRET, Settings
from ingestion.faults import Fault
from ingestion.sources import RawState
from ingestion.sql import MEMORY_LIMIT, literal
from ingestion.suppression import without_suppressed
from ingestion.versions import VERSION_COLUMNS, Snapshot, write_changes

LANDED_BATCH_ROWS = 10_000  # dlt holds several batches at once
LOADED_MARK = "loaded.json"
NEWEST = "newest.txt"
MOMENT_NAME = "%Y%m%dT%H%M%S%fZ"
LANDING_NAME = re.compile(r"\d{8}T\d{12}Z-\d+")
LOST_LANDING = (
    "Without it the past would be another one: put it back from a backup. Where there is none, `make refresh` without "
    "the warehouse loads every source anew, in full."
)
MOMENT = pa.timestamp("us")
ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": MOMENT,
}
# What DuckDB calls them.
STORED_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
# Rows that a source refused, in the shape that models/unified/quarantine expects of every source.
QUARANTINE_COLUMNS = {
    "entity": "string",
    "file": "string",
    "line": "bigint",
    "record_id": "string",
    "column_name": "string",
    "reason": "string",
    "given": "string",
}


def source_dir(settings: Settings, source: str) -> Path:
    """Where a source keeps what it has landed."""
    return settings.data_dir / "raw" / source


def new_landing(settings: Settings, source: str, raw: RawState) -> Path:
    """The folder that will keep the changes of this load; several loads as of one moment are numbered."""
    loads = source_dir(settings, source)
    moment = raw.loaded_at.strftime(MOMENT_NAME)
    return loads / f"{moment}-{len(list(loads.glob(f'{moment}-*'))) + 1}"


@dataclass(frozen=True)
class Landed:
    """What a landing folder says of its load: the line of `loads` (moments are naive UTC), each raw table's own columns
    with their types, how many rows of each lie there, the name of the folder before it, and what the key of ids is
    known by.

    The last three show what has been lost since; earlier versions of Funnelhouse did not write them.
    """

    line: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, str]]
    row_counts: Mapping[str, int] = field(default_factory=dict)
    after: str | None = None
    key_check: str | None = None


def mark_loaded(settings: Settings, landing: Path, landed: Landed) -> None:
    """Say that what has landed is part of the raw tables."""
    marked = [path for path in _folders(landing.parent) if (path / LOADED_MARK).exists()]
    paths = [landing / f"{table}.parquet" for table in landed.columns]
    counts = {path.stem: pq.read_metadata(path).num_rows for path in paths if path.exists()}
    after, check = marked[-1].name if marked else None, key_check(settings.hash_secret())
    landed = replace(landed, row_counts=counts, after=after, key_check=check)
    _write_whole(landing / LOADED_MARK, json.dumps(asdict(landed), indent=1, default=datetime.isoformat))


def note_newest(landing: Path) -> None:
    """Say outside of the folder that its load has come in, so that a restore misses it where it is gone."""
    _write_whole(landing.parent / NEWEST, landing.name)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that a kill leaves all of it or what was there before."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def key_check(secret: bytes) -> str:
    """What a key of ids is known by; it tells nothing of the key."""
    return hmac.new(secret, b"key_check", sha256).hexdigest()


def require_known_key(settings: Settings, sources: Iterable[str]) -> None:
    """Raises Fault where `hash_secret` is another key than the ids of what sources have landed were made with."""
    check = key_check(settings.hash_secret())
    for source in sources:
        for landing in reversed(landings(settings, source)):
            try:
                landed = loaded(landing)
            except Fault:  # what it says is of use to a restore alone, which tells it
                continue
            if landed and landed.key_check:
                if landed.key_check != check:
                    raise Fault(f"{settings.data_dir / 'hash_secret'} is not the key of what has landed. {LOST_SECRET}")
                break


def loaded(landing: Path) -> Landed | None:
    """What was said of a landing folder; None where that was not loaded. Raises Fault where it is damaged."""
    mark = landing / LOADED_MARK
    if not mark.exists():
        return None
    try:
        found = Landed(**json.loads(mark.read_text(encoding="utf-8")))
        moments = {name: datetime.fromisoformat(value) for name, value in found.line.items() if name.endswith("_at")}
        return replace(found, line={**found.line, **moments})
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Fault(f"{mark} is damaged. {LOST_LANDING}") from error


def require_whole(loads: Path, found: Mapping[Path, Landed], kept_since: datetime | None) -> None:
    """Raises Fault where something of what a source's loads had landed is gone or damaged.

    Refused rows of any load, and loads as of before `kept_since` (naive UTC), may have been let go by retention.csv.
    """
    for name in filter(None, [*(landed.after for landed in found.values()), _newest(loads)]):
        is_let_go = kept_since and moment_and_number(loads / name)[0] < kept_since
        if not is_let_go and not (loads / name / LOADED_MARK).exists():
            raise Fault(f"{loads / name} is gone. {LOST_LANDING}")
    for landing, landed in found.items():
        for table in landed.columns:
            path, count = landing / f"{table}.parquet", landed.row_counts.get(table)
            if not path.exists() and (not count or table == "quarantine"):
                continue
            try:
                there = pq.read_metadata(path).num_rows
            except FileNotFoundError as error:
                raise Fault(f"{path} is gone. {LOST_LANDING}") from error
            except (OSError, pa.ArrowException) as error:
                raise Fault(f"{path} is damaged. {LOST_LANDING}") from error
            if count not in (None, there):
                raise Fault(f"{path} has {there:,} rows and not {count:,}. {LOST_LANDING}")


def _newest(loads: Path) -> str | None:
    """The folder of a source's last load by `note_newest`; earlier versions of Funnelhouse did not write it."""
    try:
        name = (loads / NEWEST).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return name if LANDING_NAME.fullmatch(name) else None


def landings(settings: Settings, source: str) -> list[Path]:
    """The folders of all loads, oldest first."""
    return _folders(source_dir(settings, source))


def _folders(loads: Path) -> list[Path]:
    """What is called like a load's folder; a copy that somebody made of one is not."""
    return sorted((path for path in loads.glob("*Z-*/") if LANDING_NAME.fullmatch(path.name)), key=moment_and_number)


def moment_and_number(landing: Path) -> tuple[datetime, int]:
    """As of when a landing folder's load was (naive UTC), and its number among those as of that moment."""
    moment, _, number = landing.name.rpartition("-")
    return datetime.strptime(moment, MOMENT_NAME), int(number)


def connect(raw: RawState, spill: Path, **config: str) -> duckdb.DuckDBPyConnection:
    """A database in memory that has the warehouse attached, if there is one, and spills into `spill`."""
    config = {
        "autoinstall_known_extensions": "false",
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill),
    } | config
    connection = duckdb.connect(config=config)
    connection.execute("set timezone = 'UTC'")
    if raw.warehouse.exists():
        connection.execute(f"attach {literal(raw.warehouse)} as warehouse (read_only)")
    return connection


def stored_types(connection: duckdb.DuckDBPyConnection, raw: RawState, table: str) -> dict[str, str]:
    """The source's own columns of a raw table as it stands in the warehouse, with their types; none without a table."""
    columns = connection.execute(
        """
        select column_name, data_type from duckdb_columns()
        where (database_name, schema_name, table_name) = ('warehouse', ?, ?)
        order by column_index
        """,
        [raw.dataset, table],
    ).fetchall()
    return {
        name: STORED_TYPES[data_type]
        for name, data_type in columns
        if name not in VERSION_COLUMNS and not name.startswith("_dlt_")
    }


def stored_columns(connection: duckdb.DuckDBPyConnection, raw: RawState, table: str) -> list[str]:
    """The names of `stored_types`."""
    return list(stored_types(connection, raw, table))


def land(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, raw: RawState, landing: Path) -> int:
    """Write what a snapshot adds to its raw table into the landing folder; return the number of rows.

    Rows of people who were erased are left out and counted in `raw.suppressed_counts`.
    """
    snapshot = without_suppressed(connection, snapshot, raw)
    stored = f"warehouse.{raw.dataset}.{snapshot.table}"
    # Every load makes the tables of all entities: one without rows is waiting for its first load.
    has_versions = (
        stored_columns(connection, raw, snapshot.table)
        and connection.execute(f"select 1 from {stored} limit 1").fetchall()
    )
    target = landing / f"{snapshot.table}.parquet"
    return write_changes(connection, snapshot, stored if has_versions else None, raw.loaded_at, target)


def complete_tables(
    connection: duckdb.DuckDBPyConnection, raw: RawState, columns_of: Mapping[str, Mapping[str, str]]
) -> set[str]:
    """The raw tables that stand in the warehouse with all of these columns already."""
    return {table for table, own in columns_of.items() if set(own) <= set(stored_columns(connection, raw, table))}


def landed_source(
    source: str, landed_in: Sequence[Path], columns_of: Mapping[str, Mapping[str, str]], complete: set[str]
) -> dlt.sources.DltSource:
    """What lies in landing folders as a dlt source: one append-only resource per raw table.

    `columns_of` gives each raw table's own columns and their types; a table without a landed row is created empty,
    unless it is `complete` already. A column may be new, a type may not change.
    """

    @dlt.source(name=source, schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"})
    def landed() -> Iterator[dlt.sources.DltResource]:
        for table, own in columns_of.items():
            paths = [landing / f"{table}.parquet" for landing in landed_in]
            filled = [path for path in paths if path.exists() and pq.read_metadata(path).num_rows]
            if table in complete and not filled:
                continue
            types = {name: ARROW_TYPES[data_type] for name, data_type in {**own, **VERSION_COLUMNS}.items()}
            hints = {name: {"timezone": False} for name, kind in types.items() if kind == MOMENT}
            rows = dlt.resource(_landed_rows, name=table, write_disposition="append", columns=hints)
            yield rows(filled, pa.schema(list(types.items())))

    return landed()


def _landed_rows(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    yield schema.empty_table()
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=LANDED_BATCH_ROWS):
                rows = pa.Table.from_batches([batch])
                for column in schema:
                    if column.name not in rows.column_names:  # the table has gained it since
                        rows = rows.append_column(column.name, pa.nulls(rows.num_rows, column.type))
                yield rows.select(schema.names).cast(schema)
