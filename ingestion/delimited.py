"""Read delimited text as spreadsheets save it."""

import csv
from collections.abc import Iterator
from pathlib import Path

from ingestion.faults import Fault

DELIMITERS = ",;\t|"
csv.field_size_limit(16 * 1024 * 1024)


def read_delimited(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Every row of a file, the header first, as the line it begins on and its trimmed cells; a blank cell is None.

    The text is UTF-8, with or without a byte-order mark; the delimiter is the one most frequent in the first line.
    Raises Fault with file and line where the text cannot be read.
    """
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = max(DELIMITERS, key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                yield line, [cell.strip() or None for cell in cells]
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        reason = "is not UTF-8 text; save the file as 'CSV UTF-8'"
        raise Fault(f"{path}, line {_first_odd_line(path)}: {reason}.") from error
    except csv.Error as error:
        raise Fault(f"{path}, line {line}: cannot be read as CSV ({error}).") from error
    except OSError as error:
        raise Fault(f"{path}: cannot be read ({error.strerror}).") from error


def _first_odd_line(path: Path) -> int:
    """The first line that is not UTF-8; the decoder itself reports only a position within its buffer."""
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                return line
    return 1
