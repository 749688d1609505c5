"""Files of the export to BigQuery: all files of a day together are that day, until one of them changes.

Google writes `events_YYYYMMDD` when the day is over and again for three days, and `events_intraday_YYYYMMDD` while it
lasts: a day's final files take the place of those. A day whose files have gone keeps what has been read of it.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.faults import Fault
from ingestion.landed import LandedFile, NoJson, Place, json_of, landed_files
from ingestion.pages import Page
from ingestion.records import last_versions
from ingestion.sources import RawState
from ingestion.sources.google_analytics.exported import event_row, refused_row

NAMES = re.compile(r"events_(intraday_)?(\d{8})(?!\d).*\.(parquet|jsonl|json|ndjson)(\.gz)?", re.IGNORECASE)
ROWS_PER_PAGE = 5_000
BYTES = ("BYTE_ARRAY", "NONE")  # as parquet calls them where nothing says that they are text
Record = tuple[int, dict[str, Any]]  # its line, and what of it goes into the raw table
DayRead = tuple[bool, dict[str, list[int]]]  # whether it was final, and size and time of its files


@dataclass(frozen=True)
class ExportedDay:
    """A day of the export: YYYYMMDD, whether its files are the final ones, and those."""

    name: str
    is_final: bool
    files: tuple[LandedFile, ...]

    @property
    def date(self) -> str:
        return f"{self.name[:4]}-{self.name[4:6]}-{self.name[6:]}"

    @property
    def noted(self) -> dict[str, list[int]]:
        """By what a change of a file is noticed."""
        return {file.name: [file.size, file.path.stat().st_mtime_ns] for file in self.files}


def known_days(raw: RawState) -> Mapping[str, DayRead]:
    """Of each day, whether it was final and which files were read, as of the last complete load."""
    rows = [] if raw.is_reload else last_versions(raw, "exported_days", ("event_date",), ("is_final", "files"))
    return {str(day): (is_final, json.loads(files)) for day, is_final, files in rows}


def export_pages(folder: Path, known: Mapping[str, DayRead], bookmark: dict | None) -> Iterator[Page]:
    """The days of which a file is new or has changed, each as a whole.

    A bookmark has the days that this load has read, and where it is in the one that it reads.
    """
    read: dict[str, DayRead] = dict((bookmark or {}).get("read") or {})
    at = (bookmark or {}).get("at") or {}
    for day in exported_days(folder):
        # What this load has read of an earlier state of the day is on its way already.
        is_mixed = day.date in read
        begun = at if at.get("day") == day.name else {"is_mixed": is_mixed}
        with contextlib.suppress(FileNotFoundError):  # taken away while it was read: as if it had never lain there
            for page in _day_pages(day, read.get(day.date) or known.get(day.date), begun):
                if page.bookmark["is_done"]:
                    read[day.date] = (day.is_final, page.bookmark["files"])
                yield replace(page, bookmark={"read": dict(read), "at": page.bookmark})


def exported_days(folder: Path) -> list[ExportedDay]:
    """The days of which there are files, in order."""
    files: dict[str, dict[bool, list[LandedFile]]] = {}
    for file in landed_files(folder, NAMES):
        found = NAMES.fullmatch(file.path.name)
        if found:
            files.setdefault(found[2], {}).setdefault(not found[1], []).append(file)
    return [ExportedDay(name, True in kinds, tuple(kinds[max(kinds)])) for name, kinds in sorted(files.items())]


def _day_pages(day: ExportedDay, known: DayRead | None, begun: dict) -> Iterator[Page]:
    """The pages of a day, from where it was begun on, if its files are those still; none where it is known."""
    noted = day.noted
    if known and (known[0] > day.is_final or noted.items() <= known[1].items()):
        return
    is_same = begun.get("files") == noted
    is_mixed = begun["is_mixed"] or ("files" in begun and not is_same)
    place = {"day": day.name, "files": noted, "is_mixed": is_mixed, "is_done": False}
    unreadable = next((fault for file in day.files if (fault := _fault(file))), None)
    if unreadable:
        yield Page(bookmark=place, notice=f"{unreadable}; {day.date} waits for it.")
        return
    done, row = (begun.get("done", 0), begun.get("row", 0)) if is_same else (0, 0)
    for number, file in enumerate(day.files[done:], start=done):
        records = islice(_records(day, file), row, None)
        while rows := [_with_place(file, record) for record in islice(records, ROWS_PER_PAGE)]:
            row += len(rows)
            here = place | {"done": number, "row": row}
            yield Page({"exported_events": rows}, bookmark=here, notice=_unfinished(file))
        row = 0
    # A mixed day is read once more by the next load, which takes away what has gone.
    whole = {"event_date": day.date, "is_final": day.is_final, "files": {} if is_mixed else noted}
    gone = {"exported_events": [{"event_date": day.date}]}
    yield Page({"exported_days": [whole]}, gone, bookmark=place | {"is_done": True})


def _records(day: ExportedDay, file: LandedFile) -> Iterator[Record]:
    """The events of a file, each with its line; a broken one as what is set aside."""
    if file.path.suffix.lower() == ".parquet":
        with pq.ParquetFile(file.path) as parquet:
            number = 0
            for batch in parquet.iter_batches(batch_size=1_000):
                for given in batch.to_pylist():
                    number += 1
                    yield number, event_row(day.date, given)
        return
    for line in file.lines(Place()):
        if line.content is None:
            yield line.number, refused_row(day.date, "the file is damaged from here on; copy it once more")
        elif line.content.strip():
            yield line.number, _parsed(day, line.content)


def _parsed(day: ExportedDay, content: bytes) -> dict[str, Any]:
    try:
        given = json_of(content)
    except NoJson as reason:
        return refused_row(day.date, f"the line {reason}")
    return (
        event_row(day.date, given) if isinstance(given, dict) else refused_row(day.date, "the line is no JSON object")
    )


def _with_place(file: LandedFile, record: Record) -> dict[str, Any]:
    line, row = record
    return row | {"_file": file.name, "_file_line": line}


def _fault(file: LandedFile) -> str | None:
    """Why a parquet file cannot be read, such as one that is still being copied. Raises Fault, FileNotFoundError."""
    if file.path.suffix.lower() != ".parquet":
        return None
    try:
        with pq.ParquetFile(file.path) as parquet:
            columns = map(parquet.schema.column, range(len(parquet.schema)))
            raw = next((c.path for c in columns if (c.physical_type, c.converted_type) == BYTES), None)
            if raw:
                return f"{file.name}: its column {raw} has bytes, not text"
            # Half of a day would take the place of what has been read of it, so all is unpacked once beforehand.
            for batch in parquet.iter_batches():
                batch.validate(full=True)
            return None
    except pa.ArrowInvalid:
        return f"{file.name}: is no whole parquet file"
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno is None:  # pyarrow's own, where what is packed cannot be unpacked
            return f"{file.name}: is damaged"
        raise Fault(f"{file.path}: cannot be read ({error.strerror}).") from error


def _unfinished(file: LandedFile) -> str | None:
    return f"{file.name}: ends amid a line; its day is read anew when it is whole." if file.is_unfinished else None
