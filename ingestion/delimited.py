"""Read delimited text as spreadsheets save it."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TextIO

from ingestion.faults import Fault

DELIMITERS = ",;\t|"
# Excel's own way to say the delimiter: a line above the header.
NAMED_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
# Lines that tell the delimiter where titles stand above the header.
SAMPLE_LINES = 20
csv.field_size_limit(16 * 1024 * 1024)
NO_TEXT = "is not UTF-8 text; save the file as 'CSV UTF-8'"


def read_delimited(
    path: Path, encoding: str = "utf-8-sig", has_titles: bool = False
) -> Iterator[tuple[int, list[str | None]]]:
    """Every row of a file, the header first, as the line it begins on and its trimmed cells; a blank cell is None.

    The text is UTF-8, with or without a byte-order mark, unless another `encoding` is named; the delimiter is the one
    that a line `sep=;` names, else the one most frequent in the first line, or, with `has_titles`, in most lines.
    Raises Fault with file and line where the text cannot be read.
    """
    line = 1
    try:
        with path.open(encoding=encoding, newline="") as file:
            delimiter, lines_above = _begin(file, has_titles)
            line += lines_above
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in reader:
                yield line, [cell.strip() or None for cell in cells]
                line = reader.line_num + lines_above + 1
    except UnicodeDecodeError as error:
        raise Fault(f"{path}, line {_first_odd_line(path)}: {NO_TEXT}.") from error
    except csv.Error as error:
        raise Fault(f"{path}, line {line}: cannot be read as CSV ({error}).") from error
    except OSError as error:
        raise Fault(f"{path}: cannot be read ({error.strerror}).") from error


def _begin(file: TextIO, has_titles: bool) -> tuple[str, int]:
    """Find the delimiter; leave the file where its rows begin, and return how many lines stand above."""
    first_line = file.readline()
    if named := NAMED_DELIMITER.fullmatch(first_line):
        return named[1], 1
    file.seek(0)
    lines = [line for line in islice(iter(file.readline, ""), SAMPLE_LINES if has_titles else 1) if line.strip()]
    file.seek(0)
    counts = {delimiter: [line.count(delimiter) for line in lines or [""]] for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: (median(counts[delimiter]), max(counts[delimiter]))), 0


def _first_odd_line(path: Path) -> int:
    """The first line that is not UTF-8; the decoder itself reports only a position within its buffer."""
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                return line
    return 1
