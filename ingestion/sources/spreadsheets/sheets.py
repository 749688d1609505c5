"""Read a sheet twice: first to learn how each of its columns is written, then row by row to say what it means.

In between its rows lie on disk, so that a sheet of any length is read in little memory.
"""

import json
import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from tqdm import tqdm

from ingestion.delimited import read_delimited
from ingestion.faults import Fault
from ingestion.sources.spreadsheets.cells import ColumnReader, Refusal, plain
from ingestion.sources.spreadsheets.encodings import encoding_of
from ingestion.sources.spreadsheets.headers import Header, column_letters, find_header
from ingestion.sources.spreadsheets.rules import complete
from ingestion.sources.spreadsheets.templates import Template, normal
from ingestion.workbooks import Sheet, SheetRow, opened_workbook

# The first word of a row that adds up the ones above; a year may follow it.
TOTALS = re.compile(
    r"(grand|sub)?totals?|sum|(zwischen|gesamt)?summe|gesamt|insgesamt|suma(calkowita|koncowa|czesciowa)?|razem|lacznie"
    r"|ogolem"
)
SUFFIXES = (".xlsx", ".csv")
OTHER_SUFFIXES = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")


@dataclass(frozen=True)
class GivenRow:
    """A row of a sheet: the raw columns it fills, or, if it is refused, why, in which column, and as it was given.

    `is_identified` is false where the key of a refused row cannot be read.
    """

    line: int
    values: dict[str, Any]
    fault: str | None = None
    fault_column: str | None = None
    given: str | None = None
    is_identified: bool = True


@dataclass(frozen=True)
class GivenSheet:
    """The rows of one sheet, to be read once; `label` names its file and itself."""

    template: Template
    file: str
    label: str
    rows: Iterator[GivenRow]


@dataclass(frozen=True)
class _LongRow(SheetRow):
    """A row of delimited text with more cells than the header: in which column they belong nobody knows."""


@dataclass
class _Found:
    """What the first reading of a sheet leaves: how many rows lie on disk, and what was left out."""

    row_count: int = 0
    totals: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    nameless: dict[int, int] = field(default_factory=dict)  # position of a column without a name → a row that fills it


def find_files(folder: Path) -> list[Path]:
    """All spreadsheets of a folder and the folders in it, but for those whose name begins with _ or a point.

    Raises Fault where one is of a format that is not read.
    """
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith((".", "_", "~$")) for part in path.relative_to(folder).parts)
    ]
    for path in files:
        if path.suffix.lower() in OTHER_SUFFIXES:
            raise Fault(f"{path.relative_to(folder)}: save it as 'Excel Workbook (.xlsx)' or as CSV.")
    return [path for path in files if path.suffix.lower() in SUFFIXES]


def read_file(path: Path, name: str, timezone: ZoneInfo, work: Path, notices: list[str]) -> Iterator[GivenSheet]:
    """The sheets of a file, called `name`, each to be read before the next. Raises Fault where the file is unusable."""
    try:
        if path.suffix.lower() == ".csv":
            sheet = Sheet(name, False, partial(_csv_rows, path))
            if found := _read_sheet(sheet, name, name, name, timezone, work, notices):
                yield found
            return
        with opened_workbook(path) as sheets:
            for sheet in sheets:
                if sheet.name.startswith("_"):
                    continue
                place = f'{name}, sheet "{sheet.name}"'
                if sheet.is_hidden:
                    notices.append(f"{place}: is hidden and left out.")
                elif found := _read_sheet(sheet, name, f"{name} / {sheet.name}", place, timezone, work, notices):
                    yield found
    except Fault as fault:
        raise Fault(str(fault).replace(str(path), name)) from fault
    except OSError as error:
        raise Fault(f"{name}: cannot be read ({error.strerror}).") from error


def _csv_rows(path: Path) -> Iterator[SheetRow]:
    for line, cells in read_delimited(path, encoding_of(path), has_titles=True):
        if any(cells):
            yield SheetRow(line, list(cells))


def _read_sheet(
    sheet: Sheet, file: str, label: str, place: str, timezone: ZoneInfo, work: Path, notices: list[str]
) -> GivenSheet | None:
    rows = sheet.rows()
    header = find_header(place, rows)
    if header is None:
        notices.append(f"{place}: is empty.")
        return None
    readers = {position: ColumnReader(cell, timezone) for position, cell in header.cells.items()}
    spool = TemporaryFile(dir=work)  # noqa: SIM115  closed where it has been read
    found = _hear(place, header, readers, rows, spool, is_delimited=label == file)
    for reader in readers.values():
        if doubt := reader.doubt():
            raise Fault(f'{place}, column "{reader.header.text}": {doubt}')
    notices += _notices(place, header, found)
    return GivenSheet(header.template, file, label, _judged(header, readers, spool, found.row_count, label))


def _hear(
    place: str,
    header: Header,
    readers: dict[int, ColumnReader],
    rows: Iterator[SheetRow],
    spool: IO[bytes],
    is_delimited: bool,
) -> _Found:
    """Let every column hear its cells; put the rows that count onto the spool."""
    found = _Found()
    known = {*header.cells, *header.ignored}
    for row in rows:
        cells = {position: row.cells[position] for position in header.cells if position < len(row.cells)}
        filled = {position: cell for position, cell in cells.items() if plain(cell) is not None}
        for position, cell in enumerate(row.cells):
            if position not in known and position not in row.repeated and plain(cell) is not None:
                found.nameless.setdefault(position, row.line)
        if not filled:
            continue
        if all(normal(str(cell)) == normal(header.cells[position].text) for position, cell in filled.items()):
            found.headers.append(row.line)
            continue
        if _adds_up(header, row, filled):
            found.totals.append(row.line)
            continue
        for position, cell in filled.items():
            try:
                readers[position].hear(cell)
            except Fault as fault:
                where = f'{place}, row {row.line}, column "{header.cells[position].text}"'
                raise Fault(f"{where}: {fault}") from fault
        if is_delimited and any(cell is not None for cell in row.cells[header.width :]):
            row = _LongRow(row.line, row.cells)
        pickle.dump((row, filled), spool)
        found.row_count += 1
    return found


def _adds_up(header: Header, row: SheetRow, filled: dict[int, object]) -> bool:
    """Whether a row is the total of others: it says so first, and lacks what a row needs."""
    if not _is_total(row):
        return False
    names = {header.cells[position].column.name for position in filled if position not in row.repeated}
    return bool(header.template.missing(names))


def _is_total(row: SheetRow) -> bool:
    first = next(cell for cell in row.cells if plain(cell) is not None)
    return isinstance(first, str) and bool(TOTALS.fullmatch(re.sub(r"\d{4}$", "", normal(first))))


def _notices(place: str, header: Header, found: _Found) -> list[str]:
    notices = [
        f'{place}, column "{text}": is none of "{header.template.sheet}" and is left out.'
        for text in header.ignored.values()
        if not text.startswith("_")
    ]
    notices += [
        f"{place}, column {column_letters(position)}: has no name; what stands there (row {line}) is left out."
        for position, line in sorted(found.nameless.items())
    ]
    if found.totals:
        notices.append(f"{place}: left out what adds up other rows (row {_rows_in_words(found.totals)}).")
    if found.headers:
        notices.append(f"{place}: left out the header where it is repeated (row {_rows_in_words(found.headers)}).")
    return notices


def _rows_in_words(lines: list[int]) -> str:
    return ", ".join(str(line) for line in lines[:5]) + (" …" if len(lines) > 5 else "")


def _judged(
    header: Header, readers: dict[int, ColumnReader], spool: IO[bytes], count: int, label: str
) -> Iterator[GivenRow]:
    with spool, tqdm(total=count, desc=f"  {label}", unit=" rows", leave=False, disable=None, mininterval=0.5) as bar:
        spool.seek(0)
        for _ in range(count):
            yield _judge(header, readers, *pickle.load(spool))
            bar.update()


def _judge(header: Header, readers: dict[int, ColumnReader], row: SheetRow, filled: dict[int, object]) -> GivenRow:
    values: dict[str, Any] = {}
    complaints: list[tuple[str, str]] = []
    for position, cell in filled.items():
        name = header.cells[position].column.name
        try:
            found = readers[position].read(cell, position in row.shared)
        except Refusal as refusal:
            complaints.append((name, str(refusal)))
            continue
        currency = found.get("currency")
        if currency and values.get("currency", currency) != currency:
            complaints.append((name, f"the currencies {values['currency']} and {currency} contradict each other"))
        values = found | values
    missing = complete(header.template, values)
    complaints = complaints or missing
    if not complaints and _is_total(row):
        first = header.cells[min(filled)].column.name
        complaints = [(first, "says that the row is a total; if it is none, write more than that word")]
    given = json.dumps({header.cells[p].text: str(cell) for p, cell in filled.items()}, ensure_ascii=False)
    if isinstance(row, _LongRow):
        reason = f"has {len(row.cells)} cells, the header has {header.width}; does one of them hold the delimiter?"
        return GivenRow(row.line, values, reason, None, given, is_identified=False)
    if not complaints:
        return GivenRow(row.line, values)
    columns = {name: column.header for name, column in header.template.columns.items()}
    columns |= {cell.column.name: cell.text for cell in header.cells.values()}
    return GivenRow(
        line=row.line,
        values=values,
        fault="; ".join(f'column "{columns[name]}": {what}' for name, what in complaints),
        fault_column=columns[complaints[0][0]],
        given=given,
        is_identified=not {name for name, _ in complaints} & _of_key(header.template, values),
    )


def _of_key(template: Template, values: dict[str, Any]) -> set[str]:
    """The columns from which a row's key is made; an amount is one where it would tell the currency."""
    columns = {*template.key, *(name for group in template.any_of for name in group)}
    if "currency" in columns and not values.get("currency"):
        columns |= {name for name, column in template.columns.items() if column.type == "money"}
    return columns
