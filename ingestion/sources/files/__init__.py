"""The `files` source: whatever lies in a folder, in the columns of the input contract. README.md says how to use it.

Per entity one file, `<entity>.csv`, `.xlsx`, `.parquet`, `.jsonl` or `<entity>.sql`, is the whole entity as it stands:
what is new or changed since the last load is added as a version, what is gone as a tombstone.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import playbook
from ingestion.config import Settings
from ingestion.contract import entities, referenced_table
from ingestion.faults import Fault
from ingestion.sources import Extraction, RawState
from ingestion.sources.files.conform import Conformed, Rules, conform_file
from ingestion.sources.files.given import SUFFIXES
from ingestion.sources.files.settings import FilesSettings
from ingestion.sql import MEMORY_LIMIT, literal
from ingestion.versions import VERSION_COLUMNS, Snapshot, write_changes

LANDED_BATCH_ROWS = 10_000  # dlt holds several batches at once
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
QUARANTINE_COLUMNS = {
    "entity": "string",
    "file": "string",
    "line": "bigint",
    "column_name": "string",
    "reason": "string",
    "given": "string",
}


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read every entity that has a file and find what changed. Raises Fault; then nothing has been loaded."""
    files_settings = FilesSettings.from_settings(settings)
    files = find_files(files_settings.folders)
    if not files:
        folders = ", ".join(str(folder) for folder in files_settings.folders)
        raise Fault(f"There is no file to load in {folders}; ingestion/sources/files/README.md says what may be there.")
    rules = Rules(files_settings.timezone, known_values(settings), settings.hash_secret())
    with _work_folder(settings) as work, _connect(files_settings, raw, work) as connection:
        conformed = [conform_file(connection, entities()[name], path, rules, work) for name, path in files.items()]
        landing = _new_landing(settings, raw)
        changed_count = sum(_land(connection, _snapshot(result), raw, landing) for result in conformed)
        _land(connection, _quarantine(connection, conformed), raw, landing)
    return Extraction(
        source=_source({name: landing / f"{name}.parquet" for name in raw_tables()}),
        row_count=sum(result.row_count for result in conformed),
        changed_count=changed_count,
        quarantined_count=sum(result.quarantined_count for result in conformed),
        notices=[notice for result in conformed for notice in result.notices],
    )


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return [*entities(), "quarantine"]


def find_files(folders: tuple[Path, ...]) -> dict[str, Path]:
    """The file of each entity: the first folder of the search path that has one. Raises Fault where one has two."""
    files: dict[str, Path] = {}
    for folder in folders:
        for name in entities():
            found = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
            if len(found) > 1:
                raise Fault(f"{folder} has {' and '.join(path.name for path in found)}: keep one of them.")
            if found:
                files.setdefault(name, found[0])
    return files


def known_values(settings: Settings) -> dict[str, dict[str, list[str]]]:
    """Per entity and column, the values that the playbook knows; stages also by the names that it maps to ours."""
    tables = playbook.read(settings)
    known: dict[str, dict[str, list[str]]] = {}
    for entity in entities().values():
        for column in entity.columns:
            if "known_stage" in column.tests:
                track = column.tests["known_stage"]["track"]
                own = [row["stage"] for row in tables["lifecycle_stages"] if row["track"] == track]
                mapped = [
                    row["source_stage"]
                    for row in tables["stage_mappings"]
                    if row["track"] == track and row["source"] == "files"
                ]
                known.setdefault(entity.name, {})[column.name] = own + mapped
            elif "relationships" in column.tests:
                lookup = column.tests["relationships"]
                values = [row[lookup["field"]] for row in tables[referenced_table(lookup["to"])]]
                known.setdefault(entity.name, {})[column.name] = values
    return known


@contextmanager
def _work_folder(settings: Settings) -> Iterator[Path]:
    """An empty folder for the length of one extraction; a fixed one, so that what a killed load left goes too."""
    work = settings.data_dir / "raw" / "files" / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _new_landing(settings: Settings, raw: RawState) -> Path:
    """The folder that will keep the changes of this load; several loads as of one moment are numbered."""
    loads = settings.data_dir / "raw" / "files"
    moment = raw.loaded_at.strftime("%Y%m%dT%H%M%S%fZ")
    return loads / f"{moment}-{len(list(loads.glob(f'{moment}-*'))) + 1}"


def _connect(files: FilesSettings, raw: RawState, work: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that finds the files by their bare names and has the warehouse attached, if there is one."""
    config = {
        "autoinstall_known_extensions": "false",
        "file_search_path": str(_search_folder(files.folders, work)),
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(work / "spilled"),
    }
    connection = duckdb.connect(config=config)
    connection.execute("set timezone = 'UTC'")
    if raw.warehouse.exists():
        connection.execute(f"attach {literal(raw.warehouse)} as warehouse (read_only)")
    return connection


def _search_folder(folders: tuple[Path, ...], work: Path) -> Path:
    """One folder of links to all that lies in the search path: DuckDB would read a name of two folders from both."""
    links = work / "links"
    links.mkdir()
    for folder in folders:
        for path in folder.iterdir():
            link = links / path.name
            if not link.is_symlink():
                link.symlink_to(path)
    return links


def _snapshot(conformed: Conformed) -> Snapshot:
    entity = conformed.entity
    return Snapshot(
        table=entity.name,
        columns=entity.column_names,
        key=entity.key,
        rows=f"(select * from {conformed.rows} where _fault is null)",
        present=conformed.rows,
        knows_deletions=not conformed.unidentified_count,
    )


def _quarantine(connection: duckdb.DuckDBPyConnection, conformed: list[Conformed]) -> Snapshot:
    """All refused rows of this load as one table, versioned like any other: a mended row leaves a tombstone."""
    selects = [
        f"""
        select
            {literal(result.entity.name)} as entity,
            {literal(result.file.name)} as file,
            _line as line,
            _fault_column as column_name,
            _fault as reason,
            _given as given
        from {result.rows}
        where _fault is not null
        """
        for result in conformed
    ]
    connection.execute(f"create view refused as {' union all '.join(selects)}")
    return Snapshot("quarantine", list(QUARANTINE_COLUMNS), ("entity", "file", "line"), "refused", "refused")


def _land(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, raw: RawState, landing: Path) -> int:
    """Write what a snapshot adds to its raw table into the landing folder; return the number of rows."""
    stored = f"warehouse.{raw.dataset}.{snapshot.table}"
    [(is_stored,)] = connection.execute(
        "select count(*) > 0 from duckdb_tables() where (database_name, schema_name, table_name) = ('warehouse', ?, ?)",
        [raw.dataset, snapshot.table],
    ).fetchall()
    # Every load makes the tables of all entities: one without rows is waiting for its first load.
    has_versions = is_stored and connection.execute(f"select 1 from {stored} limit 1").fetchall()
    target = landing / f"{snapshot.table}.parquet"
    return write_changes(connection, snapshot, stored if has_versions else None, raw.loaded_at, target)


@dlt.source(name="files", schema_contract={"tables": "evolve", "columns": "evolve", "data_type": "freeze"})
def _source(landed: dict[str, Path]) -> Iterator[dlt.sources.DltResource]:
    """One resource per raw table; a table without a landed file is created empty."""
    for name, path in landed.items():
        columns = {column: {"timezone": False} for column, kind in _arrow_types(name).items() if kind == MOMENT}
        yield dlt.resource(_landed_rows, name=name, write_disposition="append", columns=columns)(name, path)


def _landed_rows(table: str, path: Path) -> Iterator[pa.Table]:
    schema = pa.schema(list(_arrow_types(table).items()))
    yield schema.empty_table()
    if not path.exists():
        return
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=LANDED_BATCH_ROWS):
            yield pa.Table.from_batches([batch]).cast(schema)


def _arrow_types(table: str) -> dict[str, pa.DataType]:
    """The columns of a raw table in the order they are written."""
    own = QUARANTINE_COLUMNS
    if table in entities():
        own = {column.name: column.data_type for column in entities()[table].columns}
    return {name: ARROW_TYPES[data_type] for name, data_type in (own | VERSION_COLUMNS).items()}
