"""Look for words in every byte of a folder, inside packed files and databases as well as in them as they lie there."""

import gzip
import os
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from ingestion.sql import columns_of, identifier, identifiers, literal

CHUNK_BYTES = 4 * 1024 * 1024
TABLE_FILE, SQLITE, DUCKDB, DUCKDB_AT = ".parquet", b"SQLite format 3\x00", b"DUCK", 8
# What does not stand beside a whole word; a line break may be written as in JSON.
BEFORE, AFTER, NOTHING = r"(?:(?<![\w.+-])|(?<=\\[ntr]))", r"(?![\w-]|\.\w)", "(?!)"
MARGIN = 4
ZIPPED = (".zip", ".xlsx", ".docx", ".pptx")


class Words:
    """Texts to look for, whatever their case: as whole words, so that `anna@…` is not found in `joanna@…`.

    In bytes, where one text may follow another without a gap, a word is found within others as well, unless it is among
    the `embedded`, which are parts of what somebody else is called.
    """

    def __init__(self, words: Iterable[str], embedded: Collection[str] = ()) -> None:
        found = {word.strip() for word in words if word and word.strip()}
        self.words = sorted(found, key=lambda word: (-len(word), word))
        self.longest = max((len(word.upper().encode()) + MARGIN for word in self.words), default=MARGIN)
        either = "|".join(re.escape(word) for word in self.words)
        self.text = re.compile(f"{BEFORE}(?:{either}){AFTER}" if either else NOTHING, re.IGNORECASE)
        lowered = {word.lower() for word in embedded}
        # Of letters beyond ASCII, bytes know no case.
        shapes = [
            f"{BEFORE}{re.escape(form)}{AFTER}" if word.lower() in lowered else re.escape(form)
            for word in self.words
            for form in (word, word.lower(), word.upper())
        ]
        self._bytes = re.compile("|".join(shapes or [NOTHING]).encode(), re.IGNORECASE)

    @property
    def pattern(self) -> str:
        """The same for DuckDB's regular expressions with the option `i`: what is before, the word, what is after."""
        either = "|".join(re.sub(r"([^\w\s@])", r"\\\1", word) for word in self.words)
        return rf"(^|[^\w.+-]|\\[ntr])({either})($|[^\w.-]|\.$|\.\W)" if either else r"([^\s\S])()()"

    def replaced(self, expression: str, word: str) -> str:
        """The expression that replaces each word in SQL; twice, since words in a row share what is between them."""
        arguments = ", ".join([literal(self.pattern), literal(rf"\1{word}\3"), "'gi'"])
        return f"regexp_replace(regexp_replace({expression}, {arguments}), {arguments})"

    def are_in(self, content: bytes) -> bool:
        return self._bytes.search(content) is not None


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


def is_database(path: Path) -> bool:
    """Whether a file is one of DuckDB, whatever its name."""
    return _begin(path)[DUCKDB_AT:].startswith(DUCKDB)


def is_sqlite(path: Path) -> bool:
    """Whether a file is one of SQLite."""
    return _begin(path).startswith(SQLITE)


def text_columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[tuple[str, str], dict[str, str]]:
    """Of each table of an attached database (schema, name), the columns that may hold texts, with their types."""
    tables = {
        key: {name: kind for name, kind in columns.items() if re.search("VARCHAR|JSON|^BLOB$", kind)}
        for key, columns in columns_of(connection, database).items()
    }
    return {key: columns for key, columns in tables.items() if columns}


def _begin(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE))


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
    if is_database(path):
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
    return is_sqlite(path) and _in_sqlite(path, words)


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
