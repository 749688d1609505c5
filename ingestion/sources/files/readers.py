"""Read what people put into a folder: CSV, Excel, JSON lines; each row with its line and, if it is broken, why.

Every reader streams, gives cells as text, and leaves their meaning to `conform`. Parquet and SQL files need no reader:
DuckDB reads them where they lie.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path

from ingestion.delimited import NO_TEXT, read_delimited
from ingestion.faults import Fault
from ingestion.landed import NoJson, json_of
from ingestion.workbooks import ErrorValue, FormattedNumber, Sheet, SheetRow, Uncomputed, cell_name, opened_workbook

# Of a longer number Excel keeps no more digits.
TOO_LONG = 10**15


@dataclass(frozen=True)
class GivenRow:
    """One row as it was given: its line in the file and its cells by column.

    A row whose shape is wrong has a `fault`, which says how, and is kept whole as `raw` text.
    """

    line: int
    cells: dict[str, str | None]
    fault: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class GivenFile:
    """The columns that a file's header names, none where its format has no header, and its rows, to be read once.

    `notices` are sentences for the user.
    """

    columns: list[str]
    rows: Iterator[GivenRow]
    notices: tuple[str, ...] = ()


def read_csv(path: Path) -> GivenFile:
    """A delimited text file. Raises Fault where it cannot be read, the rows' reading included."""
    return _with_header(path, ((line, cells, None) for line, cells in read_delimited(path)))


def read_xlsx(path: Path) -> GivenFile:
    """The first sheet of a workbook that is shown; formulas count as their last value, merged cells as equal ones.

    Raises Fault as `read_csv` does.
    """
    with opened_workbook(path) as sheets:
        read = _read_sheet(sheets)
        left_out = [
            f'"{sheet.name}"'
            for sheet in sheets
            if sheet is not read and not sheet.name.startswith("_") and any(True for _ in sheet.rows())
        ]
    words = f'{path}: only the sheet "{read.name}" is read; left out: {", ".join(left_out)}.'
    return replace(_with_header(path, _sheet(path)), notices=(words,) if left_out else ())


def read_jsonl(path: Path) -> GivenFile:
    """A file with one JSON object a line."""
    return GivenFile([], _json_rows(path))


def _with_header(path: Path, lines: Iterator[tuple[int, list[str | None], str | None]]) -> GivenFile:
    _, cells, _ = next(lines, (1, [], None))
    header = [cell or "" for cell in cells]
    if any("\0" in name for name in header):  # UTF-16 without a mark
        raise Fault(f"{path}, line 1: {NO_TEXT}.")
    if not any(header):
        raise Fault(f"{path}, line 1: there is no header; the first line must name the columns.")
    for position, name in enumerate(header):
        if not name:
            raise Fault(f"{path}, line 1: column {position + 1} has no name.")
        if name.casefold() in (earlier.casefold() for earlier in header[:position]):
            raise Fault(f"{path}, line 1: column '{name}' stands twice.")
    return GivenFile(header, (_row(line, header, cells, fault) for line, cells, fault in lines if any(cells)))


def _row(line: int, header: list[str], cells: list[str | None], fault: str | None) -> GivenRow:
    given = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        fault = f"has {len(cells)} cells, the header has {len(header)}"
    return GivenRow(line, given, fault, json.dumps(cells, ensure_ascii=False) if fault else None)


def _read_sheet(sheets: list[Sheet]) -> Sheet:
    return next((sheet for sheet in sheets if not sheet.is_hidden), sheets[0])


def _sheet(path: Path) -> Iterator[tuple[int, list[str | None], str | None]]:
    """Lines of the sheet that is read, and what is wrong with them; cells right of the header count only if filled.

    Raises Fault for a formula without a value: an empty cell in its place would be wrong, and so would be the others.
    """
    with opened_workbook(path) as sheets:
        header: list[str | None] = []
        own: list[int] = []
        for row in _read_sheet(sheets).rows():
            if not header and row.line > 1:
                return
            texts = [_cell_text(cell) for cell in row.cells]
            while len(texts) > len(header) and texts[-1] is None:
                texts.pop()
            if not header:
                header = texts
                own = [position for position, name in enumerate(header) if not (name or "").startswith("_")]
            yield row.line, texts + [None] * (len(header) - len(texts)), _cell_fault(path, row, own)


def _cell_fault(path: Path, row: SheetRow, own: list[int]) -> str | None:
    """A formula's error is no text, a number merged over rows is not to count twice, one without its end is none."""
    for position in own:
        cell, place = row.cell(position), cell_name(row.line, position)
        if isinstance(cell, Uncomputed):
            words = f"the formula {cell} in {place} has no value; open the file in Excel and save it"
            raise Fault(f"{path}, line {row.line}: {words}.")
        if isinstance(cell, ErrorValue):
            return f"{place} shows the error {cell}"
        if isinstance(cell, int | float) and abs(cell) >= TOO_LONG:
            return f"the number in {place} has more than 15 digits, of which Excel keeps 15; give it as text"
        if position in row.shared and isinstance(cell, int | float):
            return f"the number in {place} is merged over several rows; give each row its own"
    return None


def _json_rows(path: Path) -> Iterator[GivenRow]:
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            if not content.strip():
                continue
            try:
                parsed = json_of(content)
                json.dumps(parsed, ensure_ascii=False).encode()  # a lone surrogate is JSON but no text
                fault = None if isinstance(parsed, dict) else "is not a JSON object"
            except NoJson as reason:
                fault = str(reason)
            except ValueError:
                fault = "is not JSON"
            if fault:
                yield GivenRow(line, {}, fault, content.decode(errors="replace").strip())
            else:
                yield GivenRow(line, {name: _json_text(value) for name, value in parsed.items()})


def _cell_text(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime):
        # Excel has no plain dates: a day is a moment at midnight.
        return (cell.date() if cell.time() == time() else cell).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        zeros = cell.format if isinstance(cell, FormattedNumber) and not cell.format.strip("0") else ""
        return str(int(cell)).zfill(len(zeros))
    return str(cell).strip() or None


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
