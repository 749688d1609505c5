"""Read a sheet twice: first to learn how each of its columns is written, then row by row to say what it means.

In between its rows lie on disk, so that a sheet of any length is read in little memory.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from zoneinfo import ZoneInfo

from tqdm import tqdm

from ingestion.faults import Fault
from ingestion.sources.spreadsheets.cells import ColumnReader, plain
from ingestion.sources.spreadsheets.headers import Header, column_letters, find_header
from ingestion.sources.spreadsheets.judging import GivenRow, judge
from ingestion.sources.spreadsheets.templates import Template, normal
from ingestion.sources.spreadsheets.totals import is_total
from ingestion.workbooks import SheetRow

MOST_ROWS_NAMED = 5


@dataclass(frozen=True)
class Place:
    """Where a sheet stands: its file and its name, which a CSV file does not have. As text it is said in words."""

    file: str
    sheet: str | None = None

    def __str__(self) -> str:
        return f'{self.file}, sheet "{self.sheet}"' if self.sheet else self.file

    @property
    def label(self) -> str:
        """File and sheet as quarantine has them."""
        return f"{self.file} / {self.sheet}" if self.sheet else self.file


@dataclass(frozen=True)
class GivenSheet:
    """A sheet of a template; its rows can be read once."""

    template: Template
    place: Place
    rows: Iterator[GivenRow]


@dataclass
class _Heard:
    """What the first reading of a sheet leaves: how many rows lie on disk, and what was left out."""

    row_count: int = 0
    totals: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    nameless: dict[int, int] = field(default_factory=dict)  # position of a column without a name → a row that fills it


def read_sheet(
    place: Place, rows: Iterator[SheetRow], timezone: ZoneInfo, work: Path, notices: list[str]
) -> GivenSheet | None:
    """Recognise a sheet and learn how it is written; None where it is empty. Raises Fault where nobody should guess."""
    header = find_header(str(place), rows)
    if header is None:
        notices.append(f"{place}: is empty.")
        return None
    readers = {position: ColumnReader(cell, timezone) for position, cell in header.cells.items()}
    spool = TemporaryFile(dir=work)  # noqa: SIM115  closed where it has been read
    heard = _hear(place, header, readers, rows, spool)
    for reader in readers.values():
        if doubt := reader.doubt():
            raise Fault(f'{place}, column "{reader.header.text}": {doubt}')
    notices += _notices(place, header, heard)
    return GivenSheet(header.template, place, _judged(place, header, readers, spool, heard.row_count))


def _hear(
    place: Place, header: Header, readers: Mapping[int, ColumnReader], rows: Iterator[SheetRow], spool: IO[bytes]
) -> _Heard:
    """Let every column hear its cells; put the rows that count onto the spool."""
    heard = _Heard()
    known = {*header.cells, *header.ignored}
    for row in rows:
        filled = {position: row.cell(position) for position in header.cells if plain(row.cell(position)) is not None}
        for position, cell in enumerate(row.cells):
            if position not in known and position not in row.repeated and plain(cell) is not None:
                heard.nameless.setdefault(position, row.line)
        if not filled:
            continue
        if _is_header(header, filled):
            heard.headers.append(row.line)
        elif _adds_up(header, row, filled):
            heard.totals.append(row.line)
        else:
            for position, cell in filled.items():
                _hear_cell(place, readers[position], row.line, cell)
            pickle.dump(row, spool)
            heard.row_count += 1
    return heard


def _hear_cell(place: Place, reader: ColumnReader, line: int, cell: object) -> None:
    try:
        reader.hear(cell)
    except Fault as fault:
        raise Fault(f'{place}, row {line}, column "{reader.header.text}": {fault}') from fault


def _is_header(header: Header, filled: Mapping[int, object]) -> bool:
    return all(normal(str(cell)) == normal(header.cells[position].text) for position, cell in filled.items())


def _adds_up(header: Header, row: SheetRow, filled: Mapping[int, object]) -> bool:
    """Whether a row is the total of others: it says so first, and lacks what a row needs."""
    if not is_total(row):
        return False
    names = {header.cells[position].column.name for position in filled if position not in row.repeated}
    return bool(header.template.missing(names))


def _notices(place: Place, header: Header, heard: _Heard) -> list[str]:
    notices = [
        f'{place}, column "{text}": is none of "{header.template.sheet}" and is left out.'
        for text in header.ignored.values()
        if not text.startswith("_")
    ]
    notices += [
        f"{place}, column {column_letters(position)}: has no name; what stands there (row {line}) is left out."
        for position, line in sorted(heard.nameless.items())
    ]
    if heard.totals:
        notices.append(f"{place}: left out what adds up other rows (row {_in_words(heard.totals)}).")
    if heard.headers:
        notices.append(f"{place}: left out the header where it is repeated (row {_in_words(heard.headers)}).")
    return notices


def _in_words(lines: list[int]) -> str:
    named = ", ".join(str(line) for line in lines[:MOST_ROWS_NAMED])
    return named + (" …" if len(lines) > MOST_ROWS_NAMED else "")


def _judged(
    place: Place, header: Header, readers: Mapping[int, ColumnReader], spool: IO[bytes], count: int
) -> Iterator[GivenRow]:
    bar = tqdm(total=count, desc=f"  {place.label}", unit=" rows", leave=False, disable=None, mininterval=0.5)
    with spool, bar:
        spool.seek(0)
        for _ in range(count):
            yield judge(header, readers, pickle.load(spool), is_delimited=place.sheet is None)
            bar.update()
