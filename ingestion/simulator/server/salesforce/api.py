"""The paths of Salesforce's REST API that read: /services/data/vXX.X and /services/oauth2."""

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

import numpy as np
import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.salesforce.company import Company
from ingestion.simulator.server.salesforce.jobs import DELIMITERS, LINE_ENDINGS, Cursor, Job, Shelf, lines
from ingestion.simulator.server.salesforce.login import Sessions
from ingestion.simulator.server.salesforce.org import AUTOMATED_USER, Org
from ingestion.simulator.server.salesforce.schema import (
    OBJECT_OF_PREFIX,
    REPLICATED,
    ObjectType,
    described,
    object_types,
    summary,
)
from ingestion.simulator.server.salesforce.soql import SoqlError, moment, parse
from ingestion.simulator.server.salesforce.tables import Result, record_ids, said
from ingestion.simulator.server.state import State

VENDOR = "salesforce"
PATHS = ("/services/",)
# From the oldest version that Salesforce still answers to the one of summer 2026; three make a year.
LABELS = {
    f"{number}.0": f"{('Summer', 'Winter', 'Spring')[(number - 31) % 3]} '{14 + (number - 29) // 3}"
    for number in range(31, 68)
}
VERSIONS = tuple(LABELS)
CALLS_PER_DAY = 100_000
BATCH_SIZE, SMALLEST_BATCH, LARGEST_BATCH = 2_000, 200, 2_000
BULK_RECORDS = 50_000
# What schema drift of the kind that must be refused does: a number becomes a text in some records.
CHANGED_FIELD, CHANGED_EVERY, CHANGED_TEXT = ("Account", "NumberOfEmployees"), 7, "about 200"
NEW_FIELD, NEW_VALUES = ("Lead", "Favourite_Colour__c"), ("blue", "red", None)


class ApiError(Exception):
    """What the API answers instead: an HTTP status, an error code and words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words

    def response(self) -> Response:
        return _json([{"message": self.words, "errorCode": self.code}], self.status)


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """The vendor's answer to a request that a fault strikes.

    A storm of requests meets the limit of concurrent ones; where every request is to meet a limit, it is the day's.
    """
    is_login = request.url.path.startswith(("/services/oauth2/", "/services/Soap/"))
    if kind == "rate_limit":
        if is_login:
            return None
        is_for_good = faults.shares.get(kind, 0.0) >= 1
        which = "TotalRequests" if is_for_good else "ConcurrentRequests (Concurrent API Requests)"
        return ApiError(403, "REQUEST_LIMIT_EXCEEDED", f"{which} Limit exceeded.").response()
    if kind == "server_error":
        words = "The HTTP entity could not be processed; the server is busy."
        return ApiError(503, "SERVER_UNAVAILABLE", words).response()
    if kind == "expired_token" and not is_login:
        return _expired().response()
    return None


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    return Api(state).routes()


class Api:
    """Answers from the state; one call of a method per request."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.sessions = Sessions(state)
        self.calls = itertools.count(1)

    def routes(self) -> list[Route]:
        data = "/services/data/v{version}"
        paths: list[tuple[str, Callable[[Request, str], Response], str]] = [
            (data, self.resources, "GET"),
            (f"{data}/sobjects", self.objects, "GET"),
            (f"{data}/sobjects/{{object}}", self.object, "GET"),
            (f"{data}/sobjects/{{object}}/describe", self.describe, "GET"),
            (f"{data}/sobjects/{{object}}/deleted", self.deleted, "GET"),
            (f"{data}/sobjects/{{object}}/updated", self.updated, "GET"),
            (f"{data}/sobjects/{{object}}/{{id}}", self.record, "GET"),
            (f"{data}/limits", self.limits, "GET"),
            (f"{data}/query", partial(self.query, has_deleted=False), "GET"),
            (f"{data}/queryAll", partial(self.query, has_deleted=True), "GET"),
            (f"{data}/query/{{locator}}", self.query_more, "GET"),
            (f"{data}/queryAll/{{locator}}", self.query_more, "GET"),
            (f"{data}/jobs/query", self.create_job, "POST"),
            (f"{data}/jobs/query", self.list_jobs, "GET"),
            (f"{data}/jobs/query/{{job}}", self.job, "GET"),
            (f"{data}/jobs/query/{{job}}", self.abort_job, "PATCH"),
            (f"{data}/jobs/query/{{job}}", self.delete_job, "DELETE"),
            (f"{data}/jobs/query/{{job}}/results", self.job_results, "GET"),
            (f"{data}/jobs/query/{{job}}/resultPages", self.job_pages, "GET"),
            (f"{data}/composite/batch", self.batch, "POST"),
            (f"{data}/composite", self.composite, "POST"),
            (f"{data}/composite/sobjects/{{object}}", self.collection, "GET"),
            (f"{data}/composite/sobjects/{{object}}", self.collection, "POST"),
        ]
        listed = [
            Route(f"{path}{slash}", self._endpoint(answer), methods=[method])
            for path, answer, method in paths
            for slash in ("", "/")
        ]
        return [
            Route("/services/oauth2/token", self.sessions.token, methods=["POST"]),
            Route("/services/Soap/u/{version:path}", self.sessions.soap, methods=["POST"]),
            Route("/services/data", self.versions),
            Route("/services/data/", self.versions),
            *listed,
            Route("/services/data/{rest:path}", self._endpoint(_not_found), methods=["GET", "POST"]),
        ]

    def _endpoint(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        """With what all paths have in common: the version, the session, the errors and the header of the limits."""

        async def endpoint(request: Request) -> Response:
            request.state.body = await request.body()
            return await run_in_threadpool(respond, request)

        def respond(request: Request) -> Response:
            used = next(self.calls)
            try:
                if not self.sessions.is_open(request):
                    raise _expired()
                if request.path_params.get("version", VERSIONS[0]) not in VERSIONS:
                    raise _absent()
                response = answer(request)
            except SoqlError as refused:
                response = ApiError(400, refused.code, refused.message).response()
            except ApiError as refused:
                response = refused.response()
            response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{CALLS_PER_DAY}"
            return response

        return endpoint

    # What there is

    def versions(self, _: Request) -> Response:
        return _json([{"label": LABELS[v], "url": f"/services/data/v{v}", "version": v} for v in VERSIONS])

    def resources(self, request: Request) -> Response:
        base = f"/services/data/v{request.path_params['version']}"
        return _json(
            {name: f"{base}/{name}" for name in ("sobjects", "query", "queryAll", "limits", "jobs", "composite")}
        )

    def objects(self, request: Request) -> Response:
        version = request.path_params["version"]
        kinds = self.company.types.values()
        listed = [summary(kind, version) for kind in kinds]
        return _json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})

    def object(self, request: Request) -> Response:
        kind = self._kind(request)
        return _json({"objectDescribe": summary(kind, request.path_params["version"]), "recentItems": []})

    def describe(self, request: Request) -> Response:
        return _json(described(self._kind(request), request.path_params["version"]))

    def limits(self, _: Request) -> Response:
        used = next(self.calls)
        return _json(
            {
                "DailyApiRequests": {"Max": CALLS_PER_DAY, "Remaining": max(0, CALLS_PER_DAY - used)},
                "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000 - len(self.shelf.jobs)},
                "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
                "DataStorageMB": {"Max": 10_240, "Remaining": 8_000},
            }
        )

    # Records

    def record(self, request: Request) -> Response:
        kind = self._kind(request)
        table = self.company.table(kind.name)
        row = _row(table.row_of, request.path_params["id"])
        if row is None or ("IsDeleted" in kind.fields and table.columns["IsDeleted"][row]):
            raise ApiError(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: id")
        wanted = request.query_params.get("fields")
        names = [name.strip() for name in wanted.split(",")] if wanted else list(kind.fields)
        result = Result(table, self._fields(kind, names), np.array([row]))
        return _json(self._records(result, result.rows, request.path_params["version"])[0])

    def collection(self, request: Request) -> Response:
        """Records of one object by their ids, null where there is none."""
        kind = self._kind(request)
        table = self.company.table(kind.name)
        given = json.loads(request.state.body) if request.state.body else {}
        asked = request.query_params
        ids = given.get("ids") or [one for one in asked.get("ids", "").split(",") if one]
        names = given.get("fields") or [name.strip() for name in asked.get("fields", "").split(",") if name.strip()]
        result = Result(table, self._fields(kind, names), np.array([], dtype=int))
        rows = [_row(table.row_of, one) for one in ids]
        is_gone = table.columns.get("IsDeleted", np.zeros(len(table), dtype=bool))
        version = request.path_params["version"]
        found = [
            None if row is None or is_gone[row] else self._records(result, np.array([row]), version)[0] for row in rows
        ]
        return _json(found)

    def deleted(self, request: Request) -> Response:
        kind = self._kind(request)
        start, end = self._window(request, kind.name)
        rows = self.company.deleted(kind.name)
        moments = rows["deleted_at"].to_numpy(dtype="datetime64[s]")
        is_in = (moments >= start) & (moments < end)
        gone = [
            {"deletedDate": f"{np.datetime_as_string(moment, unit='ms')}+0000", "id": record_id}
            for record_id, moment in zip(rows["id"][is_in], moments[is_in], strict=True)
        ]
        earliest = np.datetime64(self.state.story.start, "s")
        return _json(
            {
                "deletedRecords": gone,
                "earliestDateAvailable": f"{np.datetime_as_string(earliest, unit='ms')}+0000",
                "latestDateCovered": f"{np.datetime_as_string(self._covered(end), unit='ms')}+0000",
            }
        )

    def updated(self, request: Request) -> Response:
        kind = self._kind(request)
        start, end = self._window(request, kind.name)
        table = self.company.table(kind.name)
        moments = table.columns["SystemModstamp"]
        is_in = (moments >= start) & (moments < end)
        if "IsDeleted" in kind.fields:
            is_in &= ~table.columns["IsDeleted"]
        covered = f"{np.datetime_as_string(self._covered(end), unit='ms')}+0000"
        return _json({"ids": table.columns["Id"][is_in].tolist(), "latestDateCovered": covered})

    # Queries

    def query(self, request: Request, has_deleted: bool) -> Response:
        text = request.query_params.get("q")
        if not text:
            raise ApiError(400, "MALFORMED_QUERY", "SOQL query parameter is missing: q")
        query = parse(text)
        result = self.company.evaluator.answer(query, has_deleted)
        if query.is_count:
            return _json({"totalSize": len(result.rows), "done": True, "records": []})
        if result.aggregate is not None:
            record = {"attributes": {"type": "AggregateResult"}} | result.aggregate
            return _json({"totalSize": 1, "done": True, "records": [record]})
        size = _batch_size(request)
        places = self.state.faults.pages(VENDOR, list(range(len(result.rows))), size)
        rows = result.rows[places]
        return self._page(request, Cursor(result, rows, size, len(rows)), None, 0)

    def query_more(self, request: Request) -> Response:
        locator, _, offset = request.path_params["locator"].rpartition("-")
        cursor = self.shelf.cursors.get(locator)
        if cursor is None or not offset.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(request, cursor, locator, int(offset))

    def _page(self, request: Request, cursor: Cursor, locator: str | None, start: int) -> Response:
        version, after = request.path_params["version"], start + cursor.size
        records = self._records(cursor.result, cursor.rows[start:after], version)
        body = {"totalSize": cursor.total, "done": after >= cursor.total, "records": records}
        if not body["done"]:
            locator = locator or self.shelf.keep(cursor)
            body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{after}"
        return _json(body)

    def batch(self, request: Request) -> Response:
        """Composite batch of GET requests."""
        parts = json.loads(request.state.body or b"{}").get("batchRequests", [])
        results = []
        for part in parts:
            path, _, parameters = part["url"].partition("?")
            results.append(self._part(request, path, parameters))
        return _json({"hasErrors": any(part["statusCode"] >= 400 for part in results), "results": results})

    def composite(self, request: Request) -> Response:
        """Composite of GET requests, each with a name of its own."""
        answers = []
        for part in json.loads(request.state.body or b"{}").get("compositeRequest", []):
            path, _, parameters = part["url"].partition("?")
            answered = self._part(request, path, parameters)
            told = {"body": answered["result"], "httpHeaders": {}, "httpStatusCode": answered["statusCode"]}
            answers.append(told | {"referenceId": part.get("referenceId")})
        return _json({"compositeResponse": answers})

    def _part(self, request: Request, path: str, parameters: str) -> dict:
        scope = dict(request.scope) | {"query_string": parameters.encode()}
        version, *steps = unquote(path).strip("/").removeprefix("services/data/").removeprefix("v").split("/")
        known = {"version": version}
        try:
            if steps == ["limits"]:
                answer = self.limits
            elif steps in (["query"], ["queryAll"]):
                answer = partial(self.query, has_deleted=steps == ["queryAll"])
            elif len(steps) == 3 and steps[0] == "sobjects":
                known |= {"object": steps[1], "id": steps[2]}
                answer = self.describe if steps[2] == "describe" else self.record
            else:
                raise _absent()
            response = answer(Request(scope | {"path_params": known}))
        except SoqlError as refused:
            response = ApiError(400, refused.code, refused.message).response()
        except ApiError as refused:
            response = refused.response()
        return {"statusCode": response.status_code, "result": orjson.loads(response.body)}

    # Bulk API 2.0

    def create_job(self, request: Request) -> Response:
        given = json.loads(request.state.body or b"{}")
        operation = given.get("operation")
        if operation not in ("query", "queryAll"):
            raise ApiError(400, "INVALIDJOB", f"InvalidJob : Unsupported operation {operation}")
        delimiter, ending = given.get("columnDelimiter", "COMMA"), given.get("lineEnding", "LF")
        if delimiter not in DELIMITERS or ending not in LINE_ENDINGS:
            raise ApiError(400, "INVALIDJOB", "InvalidJob : Unknown column delimiter or line ending")
        query = parse(given.get("query", ""))
        result = self.company.evaluator.answer(query, operation == "queryAll")
        if query.is_count or result.aggregate is not None:
            raise ApiError(400, "API_ERROR", "Aggregate queries are not supported by Bulk API")
        made_at = f"{np.datetime_as_string(np.datetime64(self.state.now, 's'), unit='ms')}+0000"
        job_id = record_ids("750", [next(self.shelf.numbers)])[0]
        body = {
            "id": job_id,
            "operation": operation,
            "object": result.table.type.name,
            "createdById": AUTOMATED_USER,
            "createdDate": made_at,
            "systemModstamp": made_at,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(request.path_params["version"]),
            "lineEnding": ending,
            "columnDelimiter": delimiter,
        }
        places = self.state.faults.pages(VENDOR, list(range(len(result.rows))), BATCH_SIZE)
        self.shelf.jobs[job_id] = Job(job_id, body, result, result.fields, result.rows[places])
        return _json(body | {"state": "UploadComplete"})

    def list_jobs(self, _: Request) -> Response:
        records = [job.body | {"state": job.state, "jobType": "V2Query"} for job in self.shelf.jobs.values()]
        return _json({"done": True, "records": records, "nextRecordsUrl": None})

    def job(self, request: Request) -> Response:
        job = self._job(request)
        job.polls += 1
        if job.state != "Aborted":
            job.state = "InProgress" if job.polls == 1 else "JobComplete"
        ended = {"numberRecordsProcessed": len(job.rows), "totalProcessingTime": 1_000} if job.polls > 1 else {}
        retries = {"jobType": "V2Query", "retries": 0, "isPkChunkingSupported": True}
        return _json(job.body | {"state": job.state} | retries | ended)

    def abort_job(self, request: Request) -> Response:
        job = self._job(request)
        if json.loads(request.state.body or b"{}").get("state") != "Aborted":
            raise ApiError(400, "INVALIDJOBSTATE", "Invalid job state transition")
        job.state = "Aborted"
        return _json(job.body | {"state": job.state})

    def delete_job(self, request: Request) -> Response:
        del self.shelf.jobs[self._job(request).id]
        return Response(status_code=204)

    def job_results(self, request: Request) -> Response:
        job = self._job(request)
        if job.state != "JobComplete":
            raise ApiError(409, "INVALIDJOBSTATE", f"Invalid job state: {job.state}")
        if float(request.path_params["version"]) != job.body["apiVersion"]:
            raise ApiError(409, "API_ERROR", "Results must be fetched with the version that the job was made with")
        size = min(int(request.query_params.get("maxRecords", BULK_RECORDS)), BULK_RECORDS)
        locator = request.query_params.get("locator", "")
        if locator and not locator.startswith("MTA"):
            raise ApiError(400, "INVALID_LOCATOR", f"The locator {locator} is not valid")
        start = int(locator.removeprefix("MTA") or 0)
        rows = job.rows[start : start + size]
        columns = [self._values(job.result, path, rows, "Z") for path in job.columns]
        text = lines([".".join(path) for path in job.columns], columns, job)
        has_more = start + size < len(job.rows)
        headers = {
            "Sforce-NumberOfRecords": str(len(rows)),
            "Sforce-Locator": f"MTA{start + size}" if has_more else "null",
        }
        return Response(text, media_type="text/csv", headers=headers)

    def job_pages(self, request: Request) -> Response:
        """Where the pieces of a job's result are, to be fetched at once."""
        job = self._job(request)
        if job.state != "JobComplete":
            raise ApiError(409, "INVALIDJOBSTATE", f"Invalid job state: {job.state}")
        base = f"/services/data/v{request.path_params['version']}/jobs/query/{job.id}/results"
        starts = range(0, max(len(job.rows), 1), BULK_RECORDS)
        pages = [{"resultUrl": f"{base}?locator=MTA{start}" if start else base} for start in starts]
        return _json({"resultPages": pages, "nextRecordsUrl": None, "done": True})

    # What they share

    @property
    def company(self) -> Company:
        has_new_field = self.state.faults.has("new_field", VENDOR)

        def make() -> Company:
            state = self.state
            return Company(Org(state.story, state.setup, state.now, state.forgotten), object_types(has_new_field))

        return self.state.at_present((VENDOR, has_new_field), make)

    @property
    def shelf(self) -> Shelf:
        return self.state.at_present((VENDOR, "shelf"), Shelf)

    def _kind(self, request: Request):
        wanted = request.path_params["object"]
        kind = next((kind for kind in self.company.types.values() if kind.name.lower() == wanted.lower()), None)
        if kind is None:
            raise _absent()
        return kind

    def _fields(self, kind: ObjectType, names: list[str]) -> tuple[tuple[str, ...], ...]:
        fields = [kind.field(name) for name in names]
        for name, found in zip(names, fields, strict=True):
            if found is None:
                raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        return tuple((found.name,) for found in fields)

    def _job(self, request: Request) -> Job:
        job = self.shelf.jobs.get(request.path_params["job"])
        if job is None:
            raise _absent()
        return job

    def _window(self, request: Request, name: str) -> tuple[np.datetime64, np.datetime64]:
        if name not in REPLICATED:
            raise ApiError(400, "INVALID_TYPE_FOR_OPERATION", f"entity type {name} does not support replication")
        try:
            start, end = (moment(request.query_params[part].replace(" ", "+")) for part in ("start", "end"))
        except (KeyError, TypeError, SoqlError) as fault:
            raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be ISO date-times") from fault
        start, end = (moment.astype("datetime64[m]").astype("datetime64[s]") for moment in (start, end))
        if end <= start:
            raise ApiError(400, "INVALID_REPLICATION_DATE", "endDate must chronologically follow startDate by > 60s")
        if start < np.datetime64(self.state.now - timedelta(days=30), "s"):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
        return start, end

    def _covered(self, end: np.datetime64) -> np.datetime64:
        return min(end, np.datetime64(self.state.now, "m").astype("datetime64[s]"))

    def _records(self, result: Result, rows: np.ndarray, version: str) -> list[dict]:
        name = result.table.type.name
        base = f"/services/data/v{version}/sobjects/"
        records = [
            {"attributes": {"type": name, "url": f"{base}{name}/{record_id}"}}
            for record_id in result.table.columns["Id"][rows]
        ]
        for path in result.fields:
            values = self._values(result, path, rows, "+0000")
            if len(path) == 1:
                for record, value in zip(records, values, strict=True):
                    record[path[0]] = value
                continue
            parents = [self._parents(result, path[: depth + 1], rows, base) for depth in range(len(path) - 1)]
            for record, value, *attributes in zip(records, values, *parents, strict=True):
                _nest(record, path, value, attributes)
        return records

    def _parents(self, result: Result, steps: tuple[str, ...], rows: np.ndarray, base: str) -> list[dict | None]:
        """Per row the attributes of the record that a relation leads to; what may be of several types is a Name."""
        kind, is_name = result.table.type, False
        for step in steps:
            reference = kind.relation(step)
            is_name, kind = len(reference.refers_to) > 1, self.company.types[reference.refers_to[0]]
        ids = self._values(result, (*steps, "Id"), rows, "+0000")
        names = [OBJECT_OF_PREFIX[parent[:3]] if parent else None for parent in ids]
        return [
            {"type": "Name" if is_name else name, "url": f"{base}{name}/{parent}"} if parent else None
            for name, parent in zip(names, ids, strict=True)
        ]

    def _values(self, result: Result, path: tuple[str, ...], rows: np.ndarray, zone: str) -> list:
        table = result.table
        if len(path) > 1:
            kind, values = self.company.evaluator.column(table, path)
            return said(kind, values[rows], zone)
        values = said(table.type.fields[path[0]], table.columns[path[0]][rows], zone)
        faults, place = self.state.faults, (table.type.name, path[0])
        if place == CHANGED_FIELD and faults.has("changed_type", VENDOR):
            return [
                CHANGED_TEXT if row % CHANGED_EVERY == 0 else value for row, value in zip(rows, values, strict=True)
            ]
        if place == NEW_FIELD:
            return [NEW_VALUES[row % len(NEW_VALUES)] for row in rows]
        return values


def _nest(record: dict, path: tuple[str, ...], value: Any, attributes: list[dict | None]) -> None:
    for step, told in zip(path[:-1], attributes, strict=True):
        if told is None:
            record.setdefault(step, None)
            return
        record = record.setdefault(step, {"attributes": told})
    record[path[-1]] = value


def _row(row_of: dict[str, int], record_id: str) -> int | None:
    if len(record_id) == 15:
        return next((row for known, row in row_of.items() if known[:15] == record_id), None)
    return row_of.get(record_id)


def _batch_size(request: Request) -> int:
    for part in request.headers.get("sforce-query-options", "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "batchSize" and value.strip().isdigit():
            return min(max(int(value), SMALLEST_BATCH), LARGEST_BATCH)
    return BATCH_SIZE


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


def _absent() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _not_found(_: Request) -> Response:
    raise _absent()


def _expired() -> ApiError:
    return ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
