"""Bulk extract: make a job per range of at most 31 days, wait until it is done, read its file piece by piece.

A job that was made before a break is used again as long as Marketo has it.
"""

import csv
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingestion.faults import Fault
from ingestion.sources.marketo.client import Client, Refusal
from ingestion.sources.marketo.moments import written_moment

LONGEST_RANGE = timedelta(days=31)
PIECE_BYTES = 2_000_000
LONGEST_PAUSE_SECONDS = 60.0
MOST_JOBS = 3  # of one request, where Marketo loses or fails them


@dataclass(frozen=True)
class Place:
    """Where the reading of a row of requests stands: which request, its job, and from which byte on; plain JSON."""

    request: int = 0
    job: str | None = None
    offset: int = 0
    header: tuple[str, ...] = ()

    def as_json(self) -> dict:
        return {"request": self.request, "job": self.job, "offset": self.offset, "header": list(self.header)}

    @classmethod
    def from_json(cls, given: dict | None) -> "Place":
        return cls(**{**given, "header": tuple(given["header"])}) if given else cls()


def ranges(start: datetime, until: datetime) -> list[dict[str, str]]:
    """A span of time as ranges that a job may have."""
    found = []
    while start < until:
        end = min(start + LONGEST_RANGE, until)
        found.append({"startAt": written_moment(start), "endAt": written_moment(end)})
        start = end
    return found


def read_exports(
    client: Client, kind: str, permission: str, requests: list[dict], place: Place
) -> Iterator[tuple[list[dict], Place]]:
    """The rows of all requests in pieces, each with the place where it goes on; empty cells are None.

    `kind` is leads, activities or program/members. Raises Fault.
    """
    for number in range(place.request, len(requests)):
        at = place if number == place.request else Place(number)
        yield from _read_export(client, f"/bulk/v1/{kind}/export", permission, requests[number], at)


def _read_export(
    client: Client, path: str, permission: str, request: dict, at: Place
) -> Iterator[tuple[list[dict], Place]]:
    for _ in range(MOST_JOBS):
        if at.job is None:
            [made] = client.post(f"{path}/create.json", permission, {"format": "CSV", **request})["result"]
            at = Place(at.request, made["exportId"])
            yield [], at
        try:
            size = _finished(client, f"{path}/{at.job}", permission)
            yield from _pieces(client, f"{path}/{at.job}/file.json", permission, size, at)
            return
        except _JobIsGone:
            at = Place(at.request)
    raise Fault(f"Marketo: exports of {path.removeprefix('/bulk/v1/')} fail again and again; try later.")


class _JobIsGone(Exception):
    """Marketo has lost the job, or it failed: it must be made anew."""


def _finished(client: Client, path: str, permission: str) -> int:
    """Wait until a job is done; return the size of its file in bytes."""
    pause = min(client.settings.http.pause_seconds, 1.0) / 8
    while True:
        job = _asked(client, f"{path}/status.json", permission)
        if job["status"] == "Created":
            _enqueue(client, path, permission)
        elif job["status"] == "Completed":
            return int(job.get("fileSize") or 0)
        elif job["status"] in ("Failed", "Cancelled", "Canceled"):
            raise _JobIsGone
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _enqueue(client: Client, path: str, permission: str) -> None:
    try:
        client.post(f"{path}/enqueue.json", permission)
    except Refusal:
        # It stands in the queue already where the answer to an earlier try was lost.
        if _asked(client, f"{path}/status.json", permission)["status"] == "Created":
            raise


def _asked(client: Client, path: str, permission: str) -> dict:
    try:
        return client.get(path, permission)["result"][0]
    except Refusal as refusal:
        raise _JobIsGone from refusal


def _pieces(client: Client, path: str, permission: str, size: int, at: Place) -> Iterator[tuple[list[dict], Place]]:
    header, offset, length = list(at.header), at.offset, PIECE_BYTES
    while offset < size:
        try:
            piece = client.read(path, permission, offset, length)
        except Refusal as refusal:
            raise _JobIsGone from refusal
        is_last = offset + len(piece) >= size
        whole = piece if is_last else piece[: _end_of_records(piece)]
        if not piece:
            raise _JobIsGone
        if not whole:
            length *= 2  # one record is longer than the piece
            continue
        records = csv.reader(io.StringIO(whole.decode().replace("\0", ""), newline=""))
        header = header or next(records)
        rows = [dict(zip(header, (_cell(cell) for cell in record), strict=True)) for record in records if record]
        offset += len(whole)
        yield rows, replace(at, offset=offset, header=tuple(header))


def _end_of_records(piece: bytes) -> int:
    """The length of the records that are whole; a line break within quotes does not end one."""
    end = piece.rfind(b"\n")
    while end >= 0 and piece.count(b'"', 0, end) % 2:
        end = piece.rfind(b"\n", 0, end)
    return end + 1


def _cell(text: str) -> str | None:
    return None if text in ("", "null") else text


def attributes_of(cell: str | None) -> dict:
    """The attributes of an activity as a file has them: an object, in former times a list of names and values."""
    found = json.loads(cell) if cell else {}
    return found if isinstance(found, dict) else {item["name"]: item.get("value") for item in found}
