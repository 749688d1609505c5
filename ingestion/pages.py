"""Reading a source page by page: each page is on disk before the next is asked for, so that a break costs one page.

What has been read lies in `raw/<source>/unfinished/`: per table a file of JSON lines, and a journal that says which
pages they hold. A load that was killed goes on where the journal ends; once a load has been committed, its pages are
thrown away.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from dlt.common.normalizers.naming.snake_case import NamingConvention
from tqdm import tqdm

from ingestion.sql import literal

DELETED, PRESENT = "deleted", "present"
# What a reader says of a record beside its fields.
OF_RECORDS = ("_is_deleted", "_refusal", "_refused_column", "_file", "_file_line")
JOURNAL = "journal.json"


@dataclass(frozen=True)
class Page:
    """One answer of a vendor; tables are named, records are dicts as the vendor gave them.

    A record with `_is_deleted: True` says of itself that it is gone; `deleted` has keys alone of records that are gone
    (without a key's last columns: of all that begin so, but for those among the rows), `present` keys of records that
    exist (see Stream.whole). A record with `_refusal` is set aside for that reason (`_refused_column`: where it lies);
    `_file` and `_file_line` say where a record stood. `bookmark` is where to go on after this page (any JSON), None at
    the end. `cursor` is where the next load is to begin as far as is known by now (any JSON). `notice` is a sentence
    for the user, such as which permission is missing for what was left out.
    """

    rows: Mapping[str, list[dict]] = field(default_factory=dict)
    deleted: Mapping[str, list[dict]] = field(default_factory=dict)
    present: Mapping[str, list[dict]] = field(default_factory=dict)
    bookmark: Any = None
    cursor: Any = None
    notice: str | None = None


@dataclass(frozen=True)
class Stream:
    """One thing to read to its end: `pages(cursor, bookmark)` goes on at the bookmark, or begins at the cursor.

    Both are None the first time. Of the tables in `whole` the pages together name every record there is (as rows or as
    `present`): what they do not name has been deleted.
    """

    name: str
    pages: Callable[[Any, Any], Iterator[Page]]
    whole: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """All pages of a load: files of JSON lines whose values are texts or null, and each stream's next cursor.

    `columns` names the columns that occur per table, in snake_case, as in the files; `notices` are the pages' own.
    """

    folder: Path
    columns: Mapping[str, list[str]]
    cursors: Mapping[str, Any]
    notices: list[str]

    def file(self, table: str, kind: str = "") -> Path | None:
        """The rows of a table, or its `deleted` or `present` keys; None where there are none."""
        path = self.folder / _file_name(table, kind)
        return path if path.exists() and path.stat().st_size else None

    def relation(self, table: str, kind: str, columns: Iterable[str]) -> str | None:
        """A file as a DuckDB relation of text columns; a column that does not occur is null."""
        path = self.file(table, kind)
        if path is None:
            return None
        types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
        return f"read_json({literal(path)}, format = 'newline_delimited', columns = {{{types}}})"


def read(folder: Path, label: str, streams: list[Stream], cursors: Mapping[str, Any], base: str) -> Reading:
    """Read every stream to its end, going on where an earlier try for the same `base` broke off.

    `base` names the state of the warehouse that the load builds on: pages read for another one are thrown away.
    """
    with _Journal.opened(folder, base) as journal:
        for stream in streams:
            if journal.is_done(stream.name):
                continue
            bookmark = journal.bookmark(stream.name)
            bar = tqdm(desc=f"  {label} {stream.name}", unit=" rows", leave=False, disable=None, mininterval=0.5)
            with bar:
                for page in stream.pages(cursors.get(stream.name), bookmark):
                    bar.update(journal.add(stream.name, page))
            journal.finish(stream.name)
        return Reading(folder, journal.columns, dict(cursors) | journal.cursors, journal.noted["notices"])


class _Journal:
    """The pages of an unfinished load. What stands in the journal is safe; what a file holds beyond it is cut off."""

    def __init__(self, folder: Path, noted: dict) -> None:
        self.folder = folder
        self.noted = noted
        self.files: dict[str, BinaryIO] = {}

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, base: str) -> Iterator["_Journal"]:
        noted = _noted(folder / JOURNAL)
        if noted.get("base") != base or _is_cut_short(folder, noted["sizes"]):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            noted = {"base": base, "streams": {}, "sizes": {}, "columns": {}, "notices": [], "line": 0}
        for path in folder.glob("*.jsonl"):
            with path.open("r+b") as file:
                file.truncate(noted["sizes"].get(path.name, 0))
        journal = cls(folder, noted)
        try:
            yield journal
        finally:
            for file in journal.files.values():
                file.close()

    @property
    def columns(self) -> dict[str, list[str]]:
        return self.noted["columns"]

    @property
    def cursors(self) -> dict[str, Any]:
        streams = self.noted["streams"].items()
        return {name: stream["cursor"] for name, stream in streams if stream["cursor"] is not None}

    def is_done(self, stream: str) -> bool:
        return self.noted["streams"].get(stream, {}).get("is_done", False)

    def bookmark(self, stream: str) -> Any:
        return self.noted["streams"].get(stream, {}).get("bookmark")

    def add(self, stream: str, page: Page) -> int:
        """Keep a page; return how many rows it has."""
        for kind, tables in (("", page.rows), (DELETED, page.deleted), (PRESENT, page.present)):
            for table, records in tables.items():
                self._write(table, kind, records)
        if page.notice and page.notice not in self.noted["notices"]:
            self.noted["notices"].append(page.notice)
        earlier = self.noted["streams"].get(stream, {}).get("cursor")
        cursor = earlier if page.cursor is None else page.cursor
        self.noted["streams"][stream] = {"bookmark": page.bookmark, "cursor": cursor, "is_done": False}
        self._note()
        return sum(len(records) for records in page.rows.values())

    def finish(self, stream: str) -> None:
        noted = self.noted["streams"].get(stream, {"cursor": None})
        self.noted["streams"][stream] = {"bookmark": None, "cursor": noted["cursor"], "is_done": True}
        self._note()

    def _write(self, table: str, kind: str, records: list[dict]) -> None:
        columns = self.columns.setdefault(table, [])
        known = set(columns)
        lines = []
        for record in records:
            self.noted["line"] += 1
            row = {column_name(name): _text(value) for name, value in record.items()}
            if not kind:
                columns += [name for name in row if name not in known and name not in OF_RECORDS]
                known.update(row)
            lines.append(_json(row | {"_line": str(self.noted["line"])}))
        name = _file_name(table, kind)
        if name not in self.files:
            self.files[name] = (self.folder / name).open("ab")
        file = self.files[name]
        file.writelines(line + b"\n" for line in lines)
        file.flush()
        self.noted["sizes"][name] = file.tell()

    def _note(self) -> None:
        draft = self.folder / f"{JOURNAL}.new"
        draft.write_bytes(orjson.dumps(self.noted))
        draft.replace(self.folder / JOURNAL)


def _noted(path: Path) -> dict:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _is_cut_short(folder: Path, sizes: Mapping[str, int]) -> bool:
    """Whether a file holds less than the journal says, as after a power cut."""
    paths = {folder / name: size for name, size in sizes.items()}
    return any(not path.exists() or path.stat().st_size < size for path, size in paths.items())


def _file_name(table: str, kind: str) -> str:
    return f"{table}.{kind}.jsonl" if kind else f"{table}.jsonl"


@cache
def column_name(name: str) -> str:
    """A field's name as dlt will spell the column."""
    return name if name in OF_RECORDS else NamingConvention().normalize_identifier(name)


def _text(value: Any) -> str | None:
    """Any JSON value as text; lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    return _json(value).decode()


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a number of more than 64 bits, or half of a character that a vendor has cut in two
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")
