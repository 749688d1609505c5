"""All that a folder holds, for tests of what must stand nowhere: bytes as they are, and what is packed in them."""

import gzip
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np


def texts_of(folder: Path, leaving_out: tuple[str, ...] = ()) -> Iterator[str]:
    """The content of every file below a folder, whatever it is: its name, its bytes, and every value of its tables.

    Databases and parquet files pack texts, so the bytes alone would prove little. `leaving_out` are paths within the
    folder whose files are not read.
    """
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if not path.is_file() or path.is_symlink() or any(within.is_relative_to(left) for left in leaving_out):
            continue
        yield str(within)
        content = path.read_bytes()
        yield content.decode("utf-8", errors="replace")
        if content[8:12] == b"DUCK":
            yield from values_of_database(path)
        elif content.startswith(b"PAR1"):
            yield from _values(duckdb.connect(), f"from read_parquet('{path}')")
        elif content.startswith(b"\x1f\x8b"):
            yield gzip.decompress(content).decode("utf-8", errors="replace")
        elif content.startswith(b"SQLite format 3"):
            yield from _values_of_sqlite(path)


def values_of_database(path: Path, leaving_out: str = "") -> Iterator[str]:
    """The texts in a DuckDB database, but for those of schemas that match a pattern."""
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            """
            select schema_name, table_name
            from duckdb_tables()
            where not internal and not regexp_full_match(schema_name, ?)
            order by all
            """,
            [leaving_out],
        ).fetchall()
        for schema, table in tables:
            yield from _values(connection, f'from "{schema}"."{table}"')
        definitions = connection.execute("select sql from duckdb_views() where not internal").fetchall()
        yield from (str(definition) for (definition,) in definitions)


def _values(connection: duckdb.DuckDBPyConnection, source: str) -> Iterator[str]:
    """The texts of each column, each once."""
    for name, kind, *_ in connection.execute(f"describe {source}").fetchall():
        if "VARCHAR" in kind or kind in ("JSON", "BLOB"):
            column = '"' + name.replace('"', '""') + '"'
            values = connection.execute(f"select distinct {column}::varchar {source} where {column} is not null")
            yield "\n".join(value for (value,) in values.fetchall())


def _values_of_sqlite(path: Path) -> Iterator[str]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'select * from "{table}"'):
                yield " ".join(str(value) for value in row if isinstance(value, str | bytes))
    finally:
        connection.close()


def found_in(texts: Iterable[str], wanted: Iterable[str]) -> set[str]:
    """Which of many texts, of eight bytes or more, stand in any of others, in capital letters or small ones.

    All places of a content are compared at once, by the first eight bytes: thousands of names in hundreds of megabytes.
    """
    sought = {text.encode().lower() for text in wanted}
    beginnings = np.unique(np.array([np.frombuffer(text[:8], np.uint64)[0] for text in sought], np.uint64))
    found: set[bytes] = set()
    for text in texts:
        content = text.encode(errors="replace").lower()
        if any(_have_one_of(content, shift, beginnings) for shift in range(8)):
            found |= {value for value in sought if value in content}
    return {value.decode() for value in found}


def _have_one_of(content: bytes, shift: int, beginnings: np.ndarray) -> bool:
    count = (len(content) - shift) // 8
    if count <= 0:
        return False
    windows = np.frombuffer(content, np.uint64, count, shift)
    places = np.searchsorted(beginnings, windows)
    places[places == len(beginnings)] = 0
    return bool((beginnings[places] == windows).any())
