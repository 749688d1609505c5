"""Read Excel workbooks as people make them: row by row, merged cells filled in, formulas by their last value."""

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, iterparse
from zipfile import ZipFile

import openpyxl
from openpyxl import Workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser

from ingestion.faults import Fault

# What the older formats and workbooks with a password begin with.
COMPOUND_FILE = bytes.fromhex("d0cf11e0a1b11ae1")
MERGED_PATTERN = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
CHUNK_BYTES, LONGEST_TAG = 1 << 20, 200
# A full sheet of some twenty columns is half of it; a file made to fill the memory unpacks to far more.
MOST_BYTES = 2 << 30
LONGEST_WORDS = 200
# A title merged over the whole sheet is 16,384 columns wide.
WIDEST_MERGED = 256

WORDED_FORMAT = re.compile(r'^0{2,}$|"|\[\$[^-\]]|[€£$](?![-\]])')
LEFT_OUT_BY_OPENPYXL = "invalid specification"
# openpyxl tells of styles and dates that it cannot show; what is wrong with a cell is said here, with its place.
warnings.filterwarnings("ignore", module="openpyxl")


class ErrorValue(str):
    """What Excel shows where a formula went wrong, such as #N/A."""


class Uncomputed(str):
    """The formula of a cell that has no computed value: no spreadsheet program has saved the file."""


class FormattedNumber(float):
    """A number that is shown with a sign, words or leading zeros, such as 12,00 zł; `format` says with which."""

    format: str = ""


@dataclass(frozen=True)
class SheetRow:
    """A row that has cells of its own: its number as Excel counts, and its cells, blank ones as None.

    `shared` are the positions of cells that are merged with cells of other rows, and so bear the same value as those;
    `repeated` are those merged with a cell on their left.
    """

    line: int
    cells: list[object]
    shared: frozenset[int] = frozenset()
    repeated: frozenset[int] = frozenset()

    def cell(self, position: int) -> object:
        """The cell at a position from 0 on, None beyond the row's end."""
        return self.cells[position] if position < len(self.cells) else None


@dataclass(frozen=True)
class Sheet:
    """A sheet whose rows can be read as often as wanted; `rows` raises Fault where they cannot be."""

    name: str
    is_hidden: bool
    rows: Callable[[], Iterator[SheetRow]]


@contextmanager
def opened_workbook(path: Path) -> Iterator[list[Sheet]]:
    """The sheets of a workbook in their order, charts left out. Raises Fault where it cannot be read."""
    with _as_fault(path):
        with path.open("rb") as file:
            begins = file.read(len(COMPOUND_FILE))
        if begins == COMPOUND_FILE:
            raise Fault(
                f"{path}: has a password or is of an older Excel; save it as 'Excel Workbook (.xlsx)' without one."
            )
        with ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                raise Fault(f"{path}: unpacks to more than a workbook holds; save what counts of it as CSV.")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        # It would leave out what it cannot find, as in the variant 'Strict Open XML', and go on with the rest.
        if not workbook.worksheets or any(LEFT_OUT_BY_OPENPYXL in str(warning.message) for warning in told):
            raise Fault(f"{path}: has a sheet that cannot be read; save it as 'Excel Workbook (.xlsx)'.")
    try:
        yield [
            Sheet(sheet.title, sheet.sheet_state != "visible", partial(_rows, path, sheet))
            for sheet in workbook.worksheets
        ]
    finally:
        workbook.close()


def cell_name(line: int, position: int) -> str:
    """A cell as Excel calls it; positions count from 0."""
    return f"{get_column_letter(position + 1)}{line}"


class _RowParser(WorkSheetParser):
    """openpyxl's own, which gives an empty cell for a formula without a value and a plain text for an error.

    `worded_formats` are the number formats, by style, that show more than a number.
    """

    worded_formats: Mapping[int, str]

    def parse_cell(self, element: Element) -> dict:
        cell = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        # A computed empty text has the type of a text.
        if formula is not None and cell["value"] is None and element.get("t") != "str":
            cell["value"] = Uncomputed("=" + (formula.text or "…"))
        elif cell["data_type"] == "e" and cell["value"] is not None:
            cell["value"] = ErrorValue(cell["value"])
        elif cell["data_type"] == "n" and cell["value"] is not None and cell["style_id"] in self.worded_formats:
            cell["value"] = FormattedNumber(cell["value"])
            cell["value"].format = self.worded_formats[cell["style_id"]]
        return cell


@dataclass
class _Merged:
    """A range of merged cells (rows and columns from 1 on) and, once its first row has been read, its value."""

    first_column: int
    first_row: int
    last_column: int
    last_row: int
    value: object = None


@contextmanager
def _as_fault(path: Path) -> Iterator[None]:
    try:
        yield
    except Fault:
        raise
    except Exception as error:  # openpyxl raises whatever the zip or XML below it raised
        reason = " ".join(str(error).split())[:LONGEST_WORDS]
        raise Fault(f"{path}: cannot be read as an Excel workbook ({reason}).") from error


def _rows(path: Path, sheet: ReadOnlyWorksheet) -> Iterator[SheetRow]:
    with _as_fault(path):
        waiting = sorted(_merged_ranges(sheet), key=lambda merged: merged.first_row, reverse=True)
        open_ranges: list[_Merged] = []
        for line, cells in _written_rows(sheet):
            while waiting and waiting[-1].first_row <= line:
                open_ranges.append(waiting.pop())
            open_ranges = [merged for merged in open_ranges if merged.last_row >= line]
            is_blank = all(cell is None for cell in cells)
            shared, repeated = _fill(line, cells, open_ranges)
            # A row that has only its share of merged cells holds nothing of its own.
            if not is_blank:
                yield SheetRow(line, cells, shared, repeated)


def _written_rows(sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, list[object]]]:
    book = sheet.parent
    with sheet._get_source() as source:
        parser = _RowParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        parser.worded_formats = _worded_formats(book)
        for _, element in iterparse(source):
            if element.tag == ROW_TAG:
                line, found = parser.parse_row(element)
                element.clear()
                cells: list[object] = [None] * max((cell["column"] for cell in found), default=0)
                for cell in found:
                    value = cell["value"]
                    cells[cell["column"] - 1] = None if isinstance(value, str) and not value.strip() else value
                yield line, cells


def _worded_formats(book: Workbook) -> dict[int, str]:
    formats = {style: _number_format(book, cell.numFmtId) for style, cell in enumerate(book._cell_styles)}
    return {style: code for style, code in formats.items() if WORDED_FORMAT.search(code)}


def _number_format(book: Workbook, number: int) -> str:
    if number < BUILTIN_FORMATS_MAX_SIZE:
        return BUILTIN_FORMATS.get(number, "General")
    return book._number_formats[number - BUILTIN_FORMATS_MAX_SIZE]


def _merged_ranges(sheet: ReadOnlyWorksheet) -> Iterator[_Merged]:
    """They stand behind the rows, hence a look through the file beforehand."""
    with sheet._get_source() as source:
        kept = b""
        while chunk := source.read(CHUNK_BYTES):
            text = kept + chunk
            end = 0
            for match in MERGED_PATTERN.finditer(text):
                end = match.end()
                yield _Merged(*range_boundaries(match[1].decode()))
            kept = text[max(end, len(text) - LONGEST_TAG) :]


def _fill(line: int, cells: list[object], ranges: list[_Merged]) -> tuple[frozenset[int], frozenset[int]]:
    """Give each merged cell of a row the value of its range; return the positions `shared` and `repeated`."""
    shared, repeated = set(), set()
    for merged in ranges:
        first, last = merged.first_column - 1, min(merged.last_column, WIDEST_MERGED)
        if line == merged.first_row and first < len(cells):
            merged.value = cells[first]
        if merged.value is None:
            continue
        cells += [None] * (last - len(cells))
        cells[first:last] = [merged.value] * (last - first)
        repeated.update(range(first + 1, last))
        if merged.last_row > merged.first_row:
            shared.update(range(first, last))
    return frozenset(shared), frozenset(repeated)
