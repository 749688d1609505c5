"""Look for words in every byte of a folder, inside packed files and databases as well as in them as they lie there."""

import gzip
import html
import json
import os
import re
import sqlite3
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from copy import copy
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb

from ingestion.sql import columns_of, identifier, identifiers, literal

CHUNK_BYTES = 4 * 1024 * 1024
TABLE_FILE, SQLITE, DUCKDB, DUCKDB_AT = ".parquet", b"SQLite format 3\x00", b"DUCK", 8
# What an address may end before though a dot follows: a file that is called like somebody.
SUFFIXES = "xlsx?|csv|tsv|jsonl?|ndjson|parquet|gz|sql|txt|html|log|pdf|db"
# What does not stand beside a whole word; before it a line break may be written as in JSON, a sign as in a URL.
BEFORE = r"(?:(?<![\w.+-])|(?<=\\[ntr])|(?<=%[0-9A-F][0-9A-F])|(?<=%25[0-9A-F][0-9A-F]))"
AFTER = rf"(?![\w-]|\.(?!(?:{SUFFIXES})\b)\w)"
NOTHING = "(?!)"
# What may stand between the digits of a phone number, and how many of them are its country's code at most.
BETWEEN, COUNTRY_DIGITS, LEAST_DIGITS = r"[\s()./-]{0,3}", 3, 6
MARGIN, WIDEST_NUMBER = 4, 60
ZIPPED = (".zip", ".xlsx", ".docx", ".pptx")


def spellings(word: str) -> set[str]:
    """A word as texts, JSON, HTML and addresses of pages (one may hold another) write it, however its accents are."""
    texts = {word, *(unicodedata.normalize(form, word) for form in ("NFC", "NFD"))}
    encoded = (json.dumps(text)[1:-1] for text in texts)
    addressed = {way(text, safe=safe) for text in texts for way in (quote, quote_plus) for safe in ("", "+")}
    twice = {quote(text, safe="+") for text in addressed}
    return texts | set(encoded) | {html.escape(text) for text in texts} | addressed | twice


def phone_pattern(phone: str) -> str:
    """A regular expression for a phone number however it is grouped, with its country's code or without."""
    digits = re.sub(r"\D", "", phone)
    if not phone.strip().startswith(("+", "00")):
        return rf"(?:(?:\+|00)\d{{1,{COUNTRY_DIGITS}}}{BETWEEN})?(?:0{BETWEEN})?" + BETWEEN.join(digits.lstrip("0"))
    digits = digits.removeprefix("00") if phone.strip().startswith("00") else digits
    code = ""
    # How long the code is, nobody can tell from the number.
    for digit in digits[: max(0, min(COUNTRY_DIGITS, len(digits) - LEAST_DIGITS))]:
        code = f"(?:{code}{digit}{BETWEEN})?"
    national = BETWEEN.join(digits[code.count("?:") :])
    return rf"(?:(?:\+|00){BETWEEN})?{code}(?:0{BETWEEN})?{national}"


class Words:
    """Texts to look for, whatever their case and spelling: as whole words, so that `anna@…` is not found in `joanna@…`.

    In bytes, where one text may follow another without a gap, a word is found within others as well, unless it is among
    the `embedded`, which are parts of what somebody else is called. Phones are found however they are grouped.
    """

    def __init__(self, words: Iterable[str], embedded: Collection[str] = (), phones: Iterable[str] = ()) -> None:
        phones = sorted(phones)
        given = {word.strip() for word in (*words, *phones) if word and word.strip()}
        found = {form for word in given for form in spellings(word)}
        self.words = sorted(found, key=lambda word: (-len(word), word))
        self.longest = max((len(word.upper().encode()) for word in self.words), default=0) + MARGIN + WIDEST_NUMBER
        numbers = [phone_pattern(phone) for phone in phones]
        either = "|".join([*(re.escape(word).replace(r"\ ", r"\s+") for word in self.words), *numbers])
        self.text = re.compile(f"{BEFORE}(?:{either}){AFTER}" if either else NOTHING, re.IGNORECASE)
        # RE2 knows no escape of letters, be they accents alone.
        escaped = [re.sub(r"([!-/:-?\[-^`{-~])", r"\\\1", word).replace(" ", r"\s+") for word in self.words]
        self._either = "|".join([*escaped, *numbers])
        self.before = r"(^|[^\w.+-]|\\[ntr]|%(?:25)?[0-9A-F][0-9A-F])"
        self.after = rf"($|[^\w.-]|\.$|\.\W|\.(?:{SUFFIXES})\b)"
        parts = {form.lower() for word in embedded for form in spellings(word)}
        self._anywhere = {one for word in self.words if word.lower() not in parts for one in _in_bytes_as(word)}
        self._alone = {one for word in self.words if word.lower() in parts for one in _in_bytes_as(word)}
        # A literal is found far quicker than a number in all its groupings: that is looked for around its end alone.
        self._ends = [re.compile(BETWEEN.join(re.sub(r"\D", "", phone)[-LEAST_DIGITS:]).encode()) for phone in phones]
        self._numbers = re.compile(f"{BEFORE}(?:{'|'.join(numbers)}){AFTER}".encode() if numbers else NOTHING.encode())

    @property
    def pattern(self) -> str:
        """The same for DuckDB's regular expressions with the option `i`: what is before, the word, what is after."""
        return f"{self.before}({self._either}){self.after}" if self.words else r"([^\s\S])()()"

    def within(self) -> "Words":
        """The same as parts of longer words, too, where texts are searched."""
        found = copy(self)
        found.text, found.before, found.after = re.compile(self._either or NOTHING, re.IGNORECASE), "()", "()"
        return found

    def replaced(self, expression: str, word: str) -> str:
        """The expression that replaces each word in SQL; twice, since words in a row share what is between them."""
        arguments = ", ".join([literal(self.pattern), literal(rf"\1{word}\3"), "'gi'"])
        return f"regexp_replace(regexp_replace({expression}, {arguments}), {arguments})"

    def are_in_text(self, text: str) -> bool:
        """Whether a text has one of them as a whole word; where none is in it at all, that is soon known."""
        return self.are_in(" ".join(text.split()).encode()) and self.text.search(text) is not None

    def are_in(self, content: bytes) -> bool:
        """Whether bytes have one of them."""
        lowered = content.lower()
        return (
            any(word in lowered for word in self._anywhere)
            or any(
                re.search(f"{BEFORE}".encode() + re.escape(word) + AFTER.encode(), lowered, re.IGNORECASE)
                for word in self._alone
                if word in lowered
            )
            or any(
                self._numbers.search(content[max(0, end.start() - WIDEST_NUMBER) : end.end() + MARGIN])
                for number in self._ends
                for end in number.finditer(content)
            )
        )


def _in_bytes_as(word: str) -> set[bytes]:
    """A word in bytes of which the ASCII letters are small; of letters beyond, bytes know no case."""
    return {form.encode().lower() for form in (word, word.lower(), word.upper())}


def bytes_of(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file below a folder with its size, links left out."""
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(directory) / name
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size


def holds(path: Path, words: Words) -> bool:
    """Whether a file holds one of the words: in its bytes, or in the rows or the content that it packs.

    What the rows of a table have within a longer word alone, which is somebody else's, its bytes may have as well.
    """
    is_table = path.suffix == TABLE_FILE or is_database(path) or is_sqlite(path)
    return _inside(path, words) or (_in_bytes(path, words) and not (is_table and _inside(path, words.within())))


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
    try:
        return _packed_in(path, words)
    except (duckdb.Error, sqlite3.Error, zipfile.BadZipFile, OSError, zlib.error, EOFError):
        return False  # not what its name says; its bytes are searched all the same


def _packed_in(path: Path, words: Words) -> bool:
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
            words.are_in_text(str(cell))
            for (table,) in tables
            for row in connection.execute(f"select * from {identifiers([table])}")
            for cell in row
            if cell is not None
        )
