"""Bulk extract: jobs that are made, queued, worked on two at a time, and read as files of CSV, whole or in ranges."""

import csv
import hashlib
import io
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock

import numpy as np
import orjson
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.marketo import activity_types as kinds
from ingestion.simulator.server.marketo.gate import Call, Gate, Refused, page_of
from ingestion.simulator.server.marketo.leads import MEMBER_FIELDS, member_rows
from ingestion.simulator.server.marketo.times import read, written
from ingestion.simulator.server.marketo.world import World

OBJECTS = {"leads": "leads", "activities": "activities", "members": "program/members"}
LONGEST_RANGE = timedelta(days=31)
MOST_QUEUED, MOST_RUNNING, MOST_PROGRAMS = 10, 2, 10
BYTES_PER_DAY = 500_000_000
KEPT_DAYS = 7
# A job takes minutes; here a moment, so that a client sees each status.
WORKING_SECONDS = 0.02
ACTIVITY_COLUMNS = (
    *("marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId", "primaryAttributeValueId"),
    *("primaryAttributeValue", "attributes"),
)
FORMATS = {"CSV": ",", "TSV": "\t", "SSV": ";"}


@dataclass
class Job:
    """An export; times are the story's, `begun` is the real clock's."""

    kind: str
    request: dict
    created_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "Created"
    queued_at: datetime | None = None
    begun: float | None = None
    content: bytes = b""
    count: int = 0

    def told(self) -> dict:
        """The job as its status tells it."""
        record = {
            "exportId": self.id,
            "format": self.request.get("format") or "CSV",
            "status": self.status,
            "createdAt": written(self.created_at),
            # The contract wants a number in every status.
            "numberOfRecords": self.count,
        }
        if self.queued_at:
            record["queuedAt"] = written(self.queued_at)
        if self.status in ("Processing", "Completed"):
            record["startedAt"] = written(self.queued_at)
        if self.status == "Completed":
            checksum = f"sha256:{hashlib.sha256(self.content).hexdigest()}"
            record |= {
                "finishedAt": written(self.queued_at),
                "fileSize": len(self.content),
                "fileChecksum": checksum,
            }
        return record


class Exports:
    """All jobs, and how much was exported on each day."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jobs: dict[str, Job] = {}
        self.bytes_of_day: Counter[str] = Counter()
        self.lock = RLock()

    def create(self, kind: str, call: Call) -> Job:
        request = call.body
        if not isinstance(request, dict) or not isinstance(request.get("filter"), dict) or not request["filter"]:
            raise Refused("1003", "Request body must have a filter")
        if (request.get("format") or "CSV").upper() not in FORMATS:
            raise Refused("1003", "format must be CSV, TSV or SSV")
        if kind != "activities" and not request.get("fields"):
            raise Refused("1003", "fields must be specified")
        self._check(kind, request)
        job = Job(kind, request, self.world.state.now)
        with self.lock:
            self.jobs[job.id] = job
        return job

    def enqueue(self, job: Job) -> Job:
        with self.lock:
            self.settle()
            if job.status != "Created":
                raise Refused("1028", f"Export job is in status {job.status} and cannot be enqueued")
            waiting = [one for one in self.jobs.values() if one.status in ("Queued", "Processing")]
            if len(waiting) >= MOST_QUEUED:
                raise Refused("1029", "Too many jobs in queue")
            if self.bytes_of_day[f"{self.world.state.now:%Y-%m-%d}"] >= BYTES_PER_DAY:
                raise Refused("1029", "Export daily quota 500MB exceeded.")
            job.status, job.queued_at = "Queued", self.world.state.now
        return job

    def cancel(self, job: Job) -> Job:
        with self.lock:
            self.settle()
            if job.status in ("Completed", "Failed", "Cancelled"):
                raise Refused("1028", f"Export job is in status {job.status} and cannot be cancelled")
            job.status = "Cancelled"
        return job

    def find(self, kind: str, call: Call) -> Job:
        job = self.jobs.get(call.path["export"])
        if job is None or job.kind != kind:
            raise Refused("1020", f"Export job '{call.path['export']}' not found")
        with self.lock:
            self.settle()
        return job

    def settle(self) -> None:
        """Finish the jobs that have been worked on for long enough, and begin waiting ones."""
        now = time.monotonic()
        for job in self.jobs.values():
            if job.status == "Processing" and now - job.begun >= WORKING_SECONDS:
                job.content, job.count = self._content(job)
                job.status = "Completed"
                self.bytes_of_day[f"{self.world.state.now:%Y-%m-%d}"] += len(job.content)
        for job in self.jobs.values():
            running = sum(one.status == "Processing" for one in self.jobs.values())
            if job.status == "Queued" and running < MOST_RUNNING:
                job.status, job.begun = "Processing", now

    def file(self, job: Job, call: Call) -> Response:
        if job.status != "Completed":
            raise Refused("1022", f"Export job is in status {job.status}; its file cannot be read yet")
        if self.world.state.now - job.queued_at > timedelta(days=KEPT_DAYS):
            raise Refused("1021", "Export file has expired")
        content, size = job.content, len(job.content)
        headers = {"Accept-Ranges": "bytes"}
        wanted = call.headers.get("range", "")
        if not wanted.startswith("bytes="):
            return Response(content, media_type="text/csv", headers=headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start >= size:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
        return Response(content[start : end + 1], 206, media_type="text/csv", headers=headers)

    def _check(self, kind: str, request: dict) -> None:
        wanted = request["filter"]
        ranges = {name: wanted[name] for name in ("createdAt", "updatedAt") if name in wanted}
        known = {
            "leads": {"createdAt", "updatedAt", "staticListId", "staticListName"},
            "activities": {"createdAt", "activityTypeIds", "primaryAttributeValueIds", "primaryAttributeValues"},
            "members": {"programId", "programIds", "updatedAt", "statusNames", "isExhausted", "nurtureCadence"},
        }[kind]
        for name in wanted:
            if name not in known:
                raise Refused("1035", f"Unsupported filter type for target subscription: {name}")
        if kind == "activities" and "createdAt" not in wanted:
            raise Refused("1003", "Filter 'createdAt' must be specified")
        if kind == "members" and not {"programId", "programIds"} & set(wanted):
            raise Refused("1003", "Filter 'programId' or 'programIds' must be specified")
        if len(wanted.get("programIds", ())) > MOST_PROGRAMS:
            raise Refused("1003", f"programIds cannot have more than {MOST_PROGRAMS} values")
        for name, moments in ranges.items():
            start, end = (read(str(moments.get(part, ""))) for part in ("startAt", "endAt"))
            if start is None or end is None or end < start:
                raise Refused("1003", f"Invalid date range of '{name}'")
            if end - start > LONGEST_RANGE:
                raise Refused("1003", f"Date range of '{name}' must be 31 days or fewer")
        if kind != "activities":
            names = {field.name for field in self.world.fields}
            names |= {name for name, _, _ in MEMBER_FIELDS} if kind == "members" else set()
            unknown = [name for name in request["fields"] if name not in names]
            if unknown:
                raise Refused("1006", f"Field '{unknown[0]}' not found")

    def _content(self, job: Job) -> tuple[bytes, int]:
        wanted = job.request["filter"]
        if job.kind == "leads":
            columns, rows = list(job.request["fields"]), self._leads(job.request["fields"], wanted)
        elif job.kind == "activities":
            columns = list(job.request.get("fields") or ACTIVITY_COLUMNS)
            rows = self._activities(columns, wanted)
        else:
            columns = list(job.request["fields"])
            if "programIds" in wanted:
                columns = ["programId", *(name for name in columns if name != "programId")]
            rows = self._members(columns, wanted)
        delimiter = FORMATS[(job.request.get("format") or "CSV").upper()]
        names = job.request.get("columnHeaderNames") or {}
        file = io.StringIO()
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow([names.get(column, column) for column in columns])
        writer.writerows(rows)
        return file.getvalue().encode(), len(rows)

    def _leads(self, columns: list[str], wanted: dict) -> list[list]:
        people = self.world.now_people()
        for name, column in (("createdAt", "created_at"), ("updatedAt", "updated_at")):
            if name in wanted:
                start, end = (np.datetime64(read(wanted[name][part]), "us") for part in ("startAt", "endAt"))
                people = people[(people[column] >= start) & (people[column] <= end)]
        rows = people[columns].to_numpy().tolist()
        rows = self.world.state.faults.pages("marketo", rows, 300)
        return [[_cell(value) for value in row] for row in rows]

    def _activities(self, columns: list[str], wanted: dict) -> list[list]:
        log = self.world.log
        start, end = (np.datetime64(read(wanted["createdAt"][part]), "us") for part in ("startAt", "endAt"))
        dates, types = log.activity_date[: self.world.length], log.types[: self.world.length]
        is_wanted = (dates >= start) & (dates <= end) & (types != kinds.DELETE)
        is_wanted &= self.world.is_told()[: self.world.length]
        if wanted.get("activityTypeIds"):
            is_wanted &= np.isin(types, wanted["activityTypeIds"])
        places = np.flatnonzero(is_wanted)
        if wanted.get("primaryAttributeValueIds"):
            ids = log.rows["primary_id"].to_numpy()[places].astype("int64")
            places = places[np.isin(ids, wanted["primaryAttributeValueIds"])]
        if wanted.get("primaryAttributeValues"):
            places = places[
                np.isin(log.rows["primary_value"].to_numpy()[places].astype(str), wanted["primaryAttributeValues"])
            ]
        places = np.array(self.world.state.faults.pages("marketo", places, 300), dtype=int)
        rows = []
        for activity in log.told(places):
            activity["attributes"] = orjson.dumps(activity["attributes"]).decode()
            rows.append([_cell(activity.get(column)) for column in columns])
        return rows

    def _members(self, columns: list[str], wanted: dict) -> list[list]:
        programs = {int(number) for number in wanted.get("programIds") or [wanted["programId"]]}
        rows = [row for row in member_rows(self.world) if row["programId"] in programs]
        if "updatedAt" in wanted:
            start, end = (written(read(wanted["updatedAt"][part])) for part in ("startAt", "endAt"))
            rows = [row for row in rows if start <= row["updatedAt"] <= end]
        if wanted.get("statusNames"):
            rows = [row for row in rows if row["statusName"] in wanted["statusNames"]]
        people = self.world.now_people()
        own = {name for name, _, _ in MEMBER_FIELDS}
        places = self.world.row_of_id()
        of_person = [name for name in columns if name not in own]
        told = (
            [people[of_person].iloc[[places[row["leadId"]] for row in rows]].to_dict("records")] if of_person else [[]]
        )
        extra = told[0] or [{}] * len(rows)
        rows = [row | more for row, more in zip(rows, extra, strict=True)]
        rows = self.world.state.faults.pages("marketo", rows, 300)
        return [[_cell(row[column]) for column in columns] for row in rows]


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""
    exports = Exports(world)
    paths = []
    for kind, part in OBJECTS.items():
        paths += _routes_of(exports, gate, kind, f"/bulk/v1/{part}/export")
    return paths


def _routes_of(exports: Exports, gate: Gate, kind: str, path: str) -> list[Route]:
    def create(call: Call) -> dict:
        return {"result": [exports.create(kind, call).told()]}

    def enqueue(call: Call) -> dict:
        return {"result": [exports.enqueue(exports.find(kind, call)).told()]}

    def cancel(call: Call) -> dict:
        return {"result": [exports.cancel(exports.find(kind, call)).told()]}

    def status(call: Call) -> dict:
        return {"result": [exports.find(kind, call).told()]}

    def file(call: Call) -> Response:
        return exports.file(exports.find(kind, call), call)

    def listing(call: Call) -> dict:
        since = exports.world.state.now - timedelta(days=KEPT_DAYS)
        wanted = {status.lower() for status in call.values("status")}
        jobs = [job for job in exports.jobs.values() if job.kind == kind and job.created_at >= since]
        return page_of(call, [job.told() for job in jobs if not wanted or job.status.lower() in wanted])

    return [
        gate.route(f"{path}/create.json", create, methods=("POST",)),
        gate.route(f"{path}/{{export}}/enqueue.json", enqueue, methods=("POST",)),
        gate.route(f"{path}/{{export}}/cancel.json", cancel, methods=("POST",)),
        gate.route(f"{path}/{{export}}/status.json", status),
        gate.route(f"{path}/{{export}}/file.json", file),
        gate.route(f"{path}.json", listing),
    ]


def _cell(value: object) -> object:
    """A value as the file has it: `null` where there is none."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return value
