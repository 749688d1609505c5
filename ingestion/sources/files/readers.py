"""Read what people put into a folder: CSV, Excel, JSON lines; each row with its line and, if it is broken, why.

Every reader streams, gives cells as text, and leaves their meaning to `conform`. Parquet and SQL files need no reader:
DuckDB reads them where they lie.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import openpyxl

from ingestion.delimited import read_delimited
from ingestion.faults import Fault


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
    """The columns that a file's header names, none where its format has no header, and its rows, to be read once."""

    columns: list[str]
    rows: Iterator[GivenRow]


def read_csv(path: Path) -> GivenFile:
    """A delimited text file. Raises Fault where it cannot be read, the rows' reading included."""
    return _with_header(path, read_delimited(path))


def read_xlsx(path: Path) -> GivenFile:
    """The first sheet of a workbook; formulas count as their last computed value. Raises Fault as `read_csv` does."""
    return _with_header(path, _sheet(path))


def read_jsonl(path: Path) -> GivenFile:
    """A file with one JSON object a line."""
    return GivenFile([], _json_rows(path))


def _with_header(path: Path, lines: Iterator[tuple[int, list[str | None]]]) -> GivenFile:
    _, cells = next(lines, (1, []))
    header = [cell or "" for cell in cells]
    if not any(header):
        raise Fault(f"{path}, line 1: there is no header; the first line must name the columns.")
    for position, name in enumerate(header):
        if not name:
            raise Fault(f"{path}, line 1: column {position + 1} has no name.")
        if name.casefold() in (earlier.casefold() for earlier in header[:position]):
            raise Fault(f"{path}, line 1: column '{name}' stands twice.")
    return GivenFile(header, (_row(line, header, cells) for line, cells in lines if any(cells)))


def _row(line: int, header: list[str], cells: list[str | None]) -> GivenRow:
    given = dict(zip(header, cells, strict=False))
    if len(cells) == len(header):
        return GivenRow(line, given)
    fault = f"has {len(cells)} cells, the header has {len(header)}"
    return GivenRow(line, given, fault, json.dumps(cells, ensure_ascii=False))


def _sheet(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Lines of the first sheet; cells to the right of the header count only if something is in them."""
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
        width = 0
        for line, cells in enumerate(workbook.worksheets[0].iter_rows(values_only=True), start=1):
            texts = [_cell_text(cell) for cell in cells]
            while len(texts) > width and texts[-1] is None:
                texts.pop()
            width = width or len(texts)
            yield line, texts + [None] * (width - len(texts))
        workbook.close()
    except Exception as error:  # openpyxl raises whatever the zip or XML below it raised
        raise Fault(f"{path}: cannot be read as an Excel workbook ({error}).") from error


def _json_rows(path: Path) -> Iterator[GivenRow]:
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            if not content.strip():
                continue
            try:
                parsed = json.loads(content.decode("utf-8-sig"))
                json.dumps(parsed, ensure_ascii=False).encode()  # a lone surrogate is JSON but no text
                fault = None if isinstance(parsed, dict) else "is not a JSON object"
            except (ValueError, RecursionError):
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
        return str(int(cell))
    return str(cell).strip() or None


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
