"""Find the spreadsheets of a folder and open them: workbooks sheet by sheet, a CSV file as one sheet without a name."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from ingestion.delimited import read_delimited
from ingestion.faults import Fault
from ingestion.landed import check_name
from ingestion.sources.spreadsheets.encodings import encoding_of
from ingestion.sources.spreadsheets.sheets import GivenSheet, Place, read_sheet
from ingestion.workbooks import SheetRow, opened_workbook

SUFFIXES = (".xlsx", ".csv")
OTHER_SUFFIXES = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
# What Excel keeps beside an open workbook begins with ~$.
LEFT_OUT = (".", "_", "~$")


def find_files(folder: Path) -> list[Path]:
    """All spreadsheets of a folder and the folders in it, but for those whose name begins with _ or a point.

    Raises Fault where one is of a format that is not read, or has a name that is no text.
    """
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(LEFT_OUT) for part in path.relative_to(folder).parts)
    ]
    for path in files:
        if path.suffix.lower() in OTHER_SUFFIXES:
            raise Fault(f"{path.relative_to(folder)}: save it as 'Excel Workbook (.xlsx)' or as CSV.")
    found = [path for path in files if path.suffix.lower() in SUFFIXES]
    for path in found:
        check_name(path.relative_to(folder))
    return found


def read_file(path: Path, name: str, timezone: ZoneInfo, work: Path, notices: list[str]) -> Iterator[GivenSheet]:
    """The sheets of a file, called `name`, each to be read before the next. Raises Fault where the file is unusable."""
    sheets = _csv_sheet if path.suffix.lower() == ".csv" else _workbook_sheets
    try:
        for place, rows in sheets(path, name, notices):
            if sheet := read_sheet(place, rows, timezone, work, notices):
                yield sheet
    except Fault as fault:
        raise Fault(str(fault).replace(str(path), name)) from fault
    except OSError as error:
        raise Fault(f"{name}: cannot be read ({error.strerror}).") from error


def _csv_sheet(path: Path, name: str, notices: list[str]) -> Iterator[tuple[Place, Iterator[SheetRow]]]:
    # Excel counts rows, whatever lines they take, and does not show the line that names the delimiter.
    rows = enumerate(read_delimited(path, encoding_of(path), has_titles=True), start=1)
    yield Place(name), (SheetRow(number, list(cells)) for number, (_, cells) in rows if any(cells))


def _workbook_sheets(path: Path, name: str, notices: list[str]) -> Iterator[tuple[Place, Iterator[SheetRow]]]:
    with opened_workbook(path) as sheets:
        for sheet in sheets:
            place = Place(name, sheet.name)
            if sheet.name.startswith("_"):
                continue
            if sheet.is_hidden:
                notices.append(f"{place}: is hidden and left out.")
            else:
                yield place, sheet.rows()
