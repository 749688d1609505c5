"""Look for words in every byte of a folder, inside packed files and databases as well as in them as they lie there."""

import gzip
import os
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from ingestion.sql import identifier, identifiers, literal

CHUNK_BYTES = 4 * 1024 * 1024
DATABASE, TABLE_FILE, SQLITE = ".duckdb", ".parquet", b"SQLite format 3\x00"
ZIPPED = (".zip", ".xlsx", ".docx", ".pptx")


class Words:
    """Texts to look for, whatever their case; none of them is empty."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = sorted(
            {word.strip() for word in words if word and word.strip()}, key=lambda word: (-len(word), word)
        )
        # Of letters beyond ASCII, bytes know no case.
        spelled = {form for word in self.words for form in (word, word.lower(), word.upper())}
        self._bytes = re.compile(b"|".join(re.escape(form.encode()) for form in sorted(spelled)), re.IGNORECASE)
        self.text = re.compile("|".join(re.escape(word) for word in self.words), re.IGNORECASE)
        self.longest = max((len(word.upper().encode()) for word in self.words), default=0)

    @property
    def pattern(self) -> str:
        """The same as DuckDB's expression, for use with the option `i`."""
        return "|".join(re.sub(r"([^\w\s@])", r"\\\1", word) for word in self.words)

    def are_in(self, content: bytes) -> bool:
        return bool(self.words) and self._bytes.search(content) is not None


def bytes_of(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file below a folder with its size, links left out."""
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(directory) / name
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size


def holds(path: Path, words: Words) -> bool:
    """Whether a file holds one of the words: in its bytes, or in the rows or the content that it packs."""
    if _in_bytes(path, words):
        return True
    try:
        return _inside(path, words)
    except (duckdb.Error, sqlite3.Error, zipfile.BadZipFile, OSError, zlib.error, EOFError):
        return False  # not what its name says; its bytes have been searched


def text_columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """Of each table of an attached database (schema, name), the columns that may hold texts, with their types."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in connection.execute(
        """
        select columns.schema_name, columns.table_name, columns.column_name, columns.data_type
        from duckdb_columns() as columns
        semi join duckdb_tables() as tables
            on columns.database_name = tables.database_name
            and columns.schema_name = tables.schema_name
            and columns.table_name = tables.table_name
        where columns.database_name = ?
            and (columns.data_type like '%VARCHAR%' or columns.data_type like '%JSON%' or columns.data_type = 'BLOB')
        order by all
        """,
        [database],
    ).fetchall():
        found.setdefault((schema, table), {})[column] = data_type
    return found


def _in_bytes(path: Path, words: Words) -> bool:
    kept = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if words.are_in(kept + chunk):
                return True
            kept = chunk[-words.longest :]
    return False


def _inside(path: Path, words: Words) -> bool:
    if path.suffix == TABLE_FILE:
        with duckdb.connect() as connection:
            rows = f"read_parquet({literal(path)})"
            columns = [
                name for name, kind, *_ in connection.execute(f"describe from {rows}").fetchall() if "VARCHAR" in kind
            ]
            return _in_rows(connection, rows, columns, words)
    if path.suffix == DATABASE:
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(path)} as searched (read_only)")
            return any(
                _in_rows(connection, f"searched.{identifier(schema)}.{identifier(table)}", list(columns), words)
                for (schema, table), columns in text_columns(connection, "searched").items()
            )
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            return words.are_in(file.read())
    if path.suffix in ZIPPED:
        with zipfile.ZipFile(path) as archive:
            return any(words.are_in(archive.read(name)) for name in archive.namelist())
    with path.open("rb") as file:
        is_sqlite = file.read(len(SQLITE)) == SQLITE
    return is_sqlite and _in_sqlite(path, words)


def _in_rows(connection: duckdb.DuckDBPyConnection, rows: str, columns: list[str], words: Words) -> bool:
    if not columns or not words.words:
        return False
    texts = ", ".join(f"cast({identifier(name)} as varchar)" for name in columns)
    select = f"select 1 from {rows} where regexp_matches(concat_ws(chr(31), {texts}), ?, 'i') limit 1"
    return bool(connection.execute(select, [words.pattern]).fetchall())


def _in_sqlite(path: Path, words: Words) -> bool:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        return any(
            words.text.search(str(cell)) is not None
            for (table,) in tables
            for row in connection.execute(f"select * from {identifiers([table])}")
            for cell in row
            if cell is not None
        )
