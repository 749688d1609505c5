"""The `files` source: whatever lies in a folder, in the columns of the input contract. README.md says how to use it.

Per entity one file, `<entity>.csv`, `.xlsx`, `.parquet`, `.jsonl` or `<entity>.sql`, is the whole entity as it stands:
what is new or changed since the last load is added as a version, what is gone as a tombstone.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import duckdb

from ingestion import playbook
from ingestion.config import Settings
from ingestion.contract import entities, referenced_table
from ingestion.faults import Fault
from ingestion.landing import (
    QUARANTINE_COLUMNS,
    complete_tables,
    connect,
    land,
    new_landing,
    source_dir,
    stored_columns,
)
from ingestion.sources import Extraction, RawState
from ingestion.sources.files.conform import Conformed, Rules, conform_file
from ingestion.sources.files.given import SUFFIXES
from ingestion.sources.files.settings import FilesSettings
from ingestion.sql import literal
from ingestion.versions import Snapshot

# How alike two names are, from 0 to 1, where one may be a slip of the other: `oportunities`, `Account`.
ALIKE = 0.8
FIRST_WORD = re.compile(r"\w+")


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read every entity that has a file and find what changed. Raises Fault; then nothing has been loaded."""
    files_settings = FilesSettings.from_settings(settings)
    files = find_files(files_settings.folders)
    notices = overlooked(files_settings.folders, files)
    if not files:
        folders = ", ".join(str(folder) for folder in files_settings.folders)
        words = f"There is no file to load in {folders}; ingestion/sources/files/README.md says what may be there."
        raise Fault(" ".join([words, *notices]))
    rules = Rules(files_settings.timezone, known_values(settings), settings.hash_secret())
    with _work_folder(settings) as work, _connect(files_settings, raw, work) as connection:
        conformed = [conform_file(connection, entities()[name], path, rules, work) for name, path in files.items()]
        notices += _vanished(connection, raw, files)
        landing = new_landing(settings, "files", raw)
        changed_count = sum(land(connection, _snapshot(result), raw, landing) for result in conformed)
        land(connection, _quarantine(connection, conformed), raw, landing)
        complete = complete_tables(connection, raw, _columns())
    return Extraction(
        landing=landing,
        columns=_columns(),
        complete=complete,
        row_count=sum(result.row_count for result in conformed),
        changed_count=changed_count,
        quarantined_count=sum(result.quarantined_count for result in conformed),
        notices=[*notices, *(notice for result in conformed for notice in result.notices)],
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


def overlooked(folders: tuple[Path, ...], files: Mapping[str, Path]) -> list[str]:
    """A sentence for each file that looks as if it were meant for an entity without one, and that no SQL file reads."""
    without = [name for name in entities() if name not in files]
    queries = " ".join(path.read_text(errors="replace") for path in files.values() if path.suffix == ".sql")
    found = []
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        word = FIRST_WORD.match(path.name)  # none of what begins with a dot or ~
        if path in files.values() or word is None or path.name in queries:
            continue
        for name in get_close_matches(word[0].casefold(), without, n=1, cutoff=ALIKE):
            is_named = path.name in [f"{name}{suffix}" for suffix in SUFFIXES]
            what = f"is not read; call it {name}{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}."
            found.append(f"{path} {'is no file that can be read.' if is_named else what}")
    return found


def _vanished(connection: duckdb.DuckDBPyConnection, raw: RawState, files: Mapping[str, Path]) -> list[str]:
    """A sentence for each entity that was loaded before and has no file any more."""
    return [
        f"{name}: there is no file of them any more; what was loaded last stays as it is. Put the file back."
        for name in entities()
        if name not in files
        and stored_columns(connection, raw, name)
        and connection.execute(f"select 1 from warehouse.{raw.dataset}.{name} limit 1").fetchall()
    ]


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
    work = source_dir(settings, "files") / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _connect(files: FilesSettings, raw: RawState, work: Path) -> duckdb.DuckDBPyConnection:
    """A database that finds the files by their bare names."""
    return connect(raw, work / "spilled", file_search_path=str(_search_folder(files.folders, work)))


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
            cast(null as varchar) as record_id,
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


def _columns() -> dict[str, dict[str, str]]:
    """The columns of each raw table in the order they are written."""
    own = {name: {column.name: column.data_type for column in table.columns} for name, table in entities().items()}
    return own | {"quarantine": QUARANTINE_COLUMNS}
