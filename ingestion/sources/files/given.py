"""Lay a file of any format before DuckDB as one relation of rows, each with its line and what is wrong with its shape.

A column whose name begins with `_` is the file's own business and is left out.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import Table
from ingestion.faults import Fault
from ingestion.sources.files.readers import GivenFile, read_csv, read_jsonl, read_xlsx
from ingestion.sql import identifiers, literal

TEXT_READERS: dict[str, Callable[[Path], GivenFile]] = {".csv": read_csv, ".xlsx": read_xlsx, ".jsonl": read_jsonl}
SUFFIXES = (*TEXT_READERS, ".parquet", ".sql")
BATCH_ROWS = 50_000


def lay_out(
    connection: duckdb.DuckDBPyConnection, entity: Table, path: Path, work: Path, notices: list[str]
) -> dict[str, str]:
    """Make the view `given`: one row per row of the file, with `_line` and, if it is out of shape, `_fault` and `_raw`.

    In parquet and SQL files, which have no lines, `_line` counts the rows from 1. Returns the file's columns and their
    DuckDB types. Raises Fault where the file cannot be read.
    """
    if path.suffix in TEXT_READERS:
        file = TEXT_READERS[path.suffix](path)
        notices += file.notices
        batches = _write_text(file, entity, work)
        relation = f"read_parquet([{', '.join(literal(batch) for batch in batches)}], union_by_name = true)"
        added = "_line, _fault, _raw"
    else:
        relation = f"read_parquet({literal(path)})" if path.suffix == ".parquet" else f"({_single_select(path)})"
        added = "row_number() over () as _line, cast(null as varchar) as _fault, cast(null as varchar) as _raw"
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
        given = {name: data_type for name, data_type, *_ in described if not name.startswith("_")}
        if not given:
            raise Fault(f"{path}: has no columns.")
        connection.execute(f"create or replace view given as select {identifiers(given)}, {added} from {relation}")
    except duckdb.Error as error:
        raise Fault(_message(path, error)) from error
    return given


def _single_select(path: Path) -> str:
    """The one select statement of an SQL file, its lines where they were. Raises Fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise Fault(_message(path, error)) from error
    except UnicodeDecodeError as error:
        raise Fault(f"{path}: is not UTF-8 text.") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise Fault(f"{path}: must be one select statement that returns the entity's columns.")
    query = statements[0].query
    lines_above = text.partition(query)[0].count("\n")
    # As a subquery it must end neither in a semicolon nor in a comment; offsets count bytes.
    encoded = query.encode()
    end = len(encoded)
    for offset, kind in reversed(duckdb.tokenize(query)):
        if kind != duckdb.token_type.comment and encoded[offset : offset + 1] != b";":
            break
        end = offset
    return "\n" * lines_above + encoded[:end].decode()


def _write_text(file: GivenFile, entity: Table, work: Path) -> list[Path]:
    """Write rows of text cells to parquet files, one a batch, since a later batch may have more columns."""
    written: list[Path] = []
    while (batch := list(islice(file.rows, BATCH_ROWS))) or not written:
        columns = file.columns or dict.fromkeys(name for row in batch for name in row.cells) or entity.column_names
        own = [name for name in columns if not name.startswith("_")]
        cells = {name: pa.array((row.cells.get(name) for row in batch), pa.string()) for name in own}
        added = {
            "_line": pa.array((row.line for row in batch), pa.int64()),
            "_fault": pa.array((row.fault for row in batch), pa.string()),
            "_raw": pa.array((row.raw for row in batch), pa.string()),
        }
        written.append(work / f"{entity.name}.{len(written):06}.parquet")
        pq.write_table(pa.table({**cells, **added}), written[-1])
    return written


def _message(path: Path, error: duckdb.Error) -> str:
    """The first line of what DuckDB says, with the line of the file where it points to one."""
    said = str(error).splitlines()
    place = next((line.partition(":")[0].lower() for line in said if line.startswith("LINE ")), "")
    return f"{path}, {place}: {said[0]}" if place and path.suffix == ".sql" else f"{path}: {said[0]}"
