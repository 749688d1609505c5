"""The `spreadsheets` source: what marketing keeps in Excel, recognised by its headers. README.md says how to use it.

Every sheet of every workbook and CSV file in a folder belongs to one template and fills its raw table; what a file no
longer holds is gone, a file that is no longer there keeps what it brought.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.landing import (
    ARROW_TYPES,
    QUARANTINE_COLUMNS,
    complete_tables,
    connect,
    land,
    new_landing,
    source_dir,
    stored_columns,
)
from ingestion.sources import Extraction, RawState
from ingestion.sources.spreadsheets.folder import find_files, read_file
from ingestion.sources.spreadsheets.judging import GivenRow
from ingestion.sources.spreadsheets.settings import SpreadsheetSettings
from ingestion.sources.spreadsheets.sheets import GivenSheet
from ingestion.sources.spreadsheets.templates import Template, templates
from ingestion.sql import email_key, equal, id_without_address, identifiers, literal
from ingestion.versions import Snapshot

SOURCE = "spreadsheets"
BATCH_ROWS = 10_000
# Beside the raw columns, of every row as it was given.
ROW_COLUMNS = {
    "_label": "string",
    "_number": "bigint",  # over all rows of all files
    "_line": "bigint",
    "_fault": "string",
    "_fault_column": "string",
    "_given": "string",
    "_is_identified": "boolean",
}


@dataclass
class _Written:
    """The rows of all sheets of one template: parquet files, and how many rows are in them."""

    template: Template
    batches: list[Path] = field(default_factory=list)
    row_count: int = 0


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read every sheet of every file and find what changed. Raises Fault; then nothing has been loaded."""
    own = SpreadsheetSettings.from_settings(settings)
    files = find_files(own.folder)
    if not files:
        raise Fault(f"There is no spreadsheet to load in {own.folder}; examples/templates has some to begin with.")
    names = [str(path.relative_to(own.folder)) for path in files]
    notices: list[str] = []
    with _work_folder(settings) as work, connect(raw, work / "spilled") as connection:
        written = {name: _Written(template) for name, template in templates().items()}
        for path, name in zip(files, names, strict=True):
            for sheet in read_file(path, name, ZoneInfo(own.timezone), work, notices):
                _write(sheet, written[sheet.template.name], work)
        landing = new_landing(settings, SOURCE, raw)
        for result in written.values():
            _judge(connection, result, settings.hash_secret())
        snapshots = [_snapshot(connection, result.template, names, raw, notices) for result in written.values()]
        changed_count = sum(land(connection, snapshot, raw, landing) for snapshot in snapshots)
        land(connection, _quarantine(connection), raw, landing)
        [(quarantined_count,)] = connection.execute("select count(*) from refused").fetchall()
        complete = complete_tables(connection, raw, raw_columns())
    return Extraction(
        landing=landing,
        columns=raw_columns(),
        complete=complete,
        row_count=sum(result.row_count for result in written.values()),
        changed_count=changed_count,
        quarantined_count=quarantined_count,
        notices=notices,
    )


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return [*templates(), "quarantine"]


def raw_columns() -> dict[str, dict[str, str]]:
    """The columns of each raw table in the order they are written."""
    return {name: template.raw_columns for name, template in templates().items()} | {"quarantine": QUARANTINE_COLUMNS}


@contextmanager
def _work_folder(settings: Settings) -> Iterator[Path]:
    """An empty folder for the length of one extraction; a fixed one, so that what a killed load left goes too."""
    work = source_dir(settings, SOURCE) / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(sheet: GivenSheet, written: _Written, work: Path) -> None:
    """Write the rows of a sheet to parquet files."""
    types = {**sheet.template.raw_columns, **ROW_COLUMNS}
    schema = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in types.items()])
    while batch := list(islice(sheet.rows, BATCH_ROWS)):
        rows = [_row(sheet, number, row) for number, row in enumerate(batch, start=written.row_count)]
        path = work / f"{sheet.template.name}.{len(written.batches):06}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
        written.batches.append(path)
        written.row_count += len(rows)


def _row(sheet: GivenSheet, number: int, row: GivenRow) -> dict:
    return {
        **row.values,
        "file": sheet.place.file,
        "_label": sheet.place.label,
        "_number": number,
        "_line": row.line,
        "_fault": row.fault,
        "_fault_column": row.fault_column,
        "_given": row.given,
        "_is_identified": row.is_identified,
    }


def _judge(connection: duckdb.DuckDBPyConnection, written: _Written, secret: bytes) -> None:
    """Make the view `judged_<template>`: all rows, people with their key, a good row's repetitions refused."""
    template = written.template
    if written.batches:
        given = f"read_parquet([{', '.join(literal(batch) for batch in written.batches)}])"
    else:
        types = {**template.raw_columns, **ROW_COLUMNS}
        nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in types.items())
        given = f"(select {nothing} where false)"
    # Names become ids, which say of whoever is named in them no more than other ids.
    names = [f"{name}_key" for name, column in template.columns.items() if column.type == "name"]
    made = [f"{id_without_address(name, secret)} as {name}" for name in names]
    if "email" in template.columns:
        made += [f"{email_key('email', secret)} as email_key", "split_part(email, '@', 2) as email_domain"]
    replaced = f"replace ({', '.join(made)})" if made else ""
    key = template.raw_key
    connection.execute(
        f"""
        create view judged_{template.name} as
        with given as (
            select * {replaced} from {given}
        ),

        firsts as (
            select {identifiers(key)}, min(_number) as _first, arg_min(_label, _number) as _first_label,
                arg_min(_line, _number) as _first_line
            from given
            where _fault is null
            group by {identifiers(key)}
        )

        select
            given.* replace (
                case
                    when given._fault is null and given._number > firsts._first
                        then 'the same row stands in ' || firsts._first_label || ', row ' || firsts._first_line
                            || ' already'
                    else given._fault
                end as _fault
            )
        from given
        left join firsts on {equal(key, "given", "firsts")}
        """
    )


def _snapshot(
    connection: duckdb.DuckDBPyConnection, template: Template, names: Iterable[str], raw: RawState, notices: list[str]
) -> Snapshot:
    """What a file holds is whole; the files that are not there keep their rows, as do those with a row in doubt."""
    judged, key = f"judged_{template.name}", ("file", *template.raw_key)
    doubtful = [
        file
        for (file,) in connection.execute(
            f"select distinct file from {judged} where _fault is not null and not _is_identified order by file"
        ).fetchall()
    ]
    notices += [
        f"{file}: has refused rows of which nobody can tell which they are. Until they are mended, no row that is gone "
        "from it counts as deleted."
        for file in doubtful
    ]
    present = f"select {identifiers(key)} from {judged}"
    if stored_columns(connection, raw, template.name):
        whole = ", ".join(literal(name) for name in names if name not in doubtful) or "''"
        stored = f"warehouse.{raw.dataset}.{template.name}"
        present += f" union all select {identifiers(key)} from {stored} where file not in ({whole})"
    return Snapshot(
        table=template.name,
        columns=list(template.raw_columns),
        key=key,
        rows=f"(select * from {judged} where _fault is null)",
        present=f"({present})",
    )


def _quarantine(connection: duckdb.DuckDBPyConnection) -> Snapshot:
    """All refused rows of this load as one table, versioned like any other: a mended row leaves a tombstone."""
    selects = [
        f"""
        select
            {literal(name)} as entity,
            _label as file,
            _line as line,
            cast(null as varchar) as record_id,
            _fault_column as column_name,
            _fault as reason,
            _given as given
        from judged_{name}
        where _fault is not null
        """
        for name in templates()
    ]
    connection.execute(f"create view refused as {' union all '.join(selects)}")
    return Snapshot("quarantine", list(QUARANTINE_COLUMNS), ("entity", "file", "line"), "refused", "refused")
