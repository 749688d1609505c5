"""Asking Marketo, whose errors come with status 200: what passes by itself is asked again, the rest is told.

Calls are limited to 100 in any 20 seconds; the pauses between tries are longer than that together.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.marketo.moments import read_moment, written_moment
from ingestion.sources.marketo.settings import PREFIX, MarketoSettings

# Bad gateway, timed out, rate limit, unavailable, system error, too many at once, transient.
PASSING = {"502", "604", "606", "608", "611", "615", "713"}
TOKEN_CODES = {"600", "601", "602"}
JOBS_FULL, EXPORT_QUOTA = "Too many jobs", "1029"
LONGEST_QUERY = 4_000  # of 8 KB, of which the token and the address take a part
ASSETS_PAGE, DATABASE_PAGE = 200, 300
ACTIVITY, LEAD, ASSETS, CAMPAIGN = "Read-Only Activity", "Read-Only Person", "Read-Only Assets", "Read-Only Campaign"


class Refusal(Fault):
    """An error that Marketo answered with; `code` is its own."""

    def __init__(self, code: str, message: str, path: str) -> None:
        super().__init__(f"Marketo refused {path}: {message} (error {code}).")
        self.code = code
        self.message = message


class Client:
    """A Marketo, with the token under which it is read; the token is made anew when it has expired."""

    def __init__(self, settings: MarketoSettings) -> None:
        self.settings = settings
        self._session = session(settings.http, try_again_if=_passes)
        self._token = ""

    def get(self, path: str, permission: str, **parameters: Any) -> dict:
        """What a path answers. Raises Fault; its line names the permission that is missing, if that is why."""
        query = {name: _joined(value) for name, value in parameters.items() if value is not None}
        if sum(len(name) + len(value) for name, value in query.items()) < LONGEST_QUERY:
            return self._json("GET", path, permission, params=query)
        return self._json("POST", path, permission, params={"_method": "GET"}, data=query)

    def post(self, path: str, permission: str, body: dict | None = None) -> dict:
        """What a path answers to a body of JSON. Raises Fault."""
        return self._json("POST", path, permission, json=body)

    def read(self, path: str, permission: str, start: int, length: int) -> bytes:
        """A range of a file; shorter at its end. Raises Fault."""
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        response = self._ask("GET", path, permission, headers=headers)
        if response.status_code == 416:
            return b""
        return response.content if response.status_code == 206 else response.content[start : start + length]

    def assets(self, path: str, **parameters: Any) -> Iterator[list[dict]]:
        """The pages of an asset listing. Raises Fault."""
        offset = 0
        while True:
            answer = self.get(path, ASSETS, maxReturn=ASSETS_PAGE, offset=offset, **parameters)
            page = answer.get("result") or []
            if page:
                yield page
            if len(page) < ASSETS_PAGE:
                return
            offset += ASSETS_PAGE

    def listing(self, path: str, permission: str, **parameters: Any) -> Iterator[list[dict]]:
        """The pages of a listing of the lead database. Raises Fault."""
        token = None
        while True:
            answer = self.get(path, permission, batchSize=DATABASE_PAGE, nextPageToken=token, **parameters)
            yield answer.get("result") or []
            token = answer.get("nextPageToken")
            if not token or not answer.get("result"):
                return

    def now(self) -> datetime:
        """The moment by Marketo's clock, which the API tells only as the creation time of an export."""
        moment = datetime(2020, 1, 1)
        created = {"createdAt": {"startAt": written_moment(moment), "endAt": written_moment(moment)}}
        [job] = self.post("/bulk/v1/leads/export/create.json", LEAD, {"fields": ["id"], "filter": created})["result"]
        with contextlib.suppress(Refusal):  # it is cancelled already where the answer to an earlier try was lost
            self.post(f"/bulk/v1/leads/export/{job['exportId']}/cancel.json", LEAD)
        return read_moment(job["createdAt"])

    def paging_token(self, since: datetime) -> str:
        """The place in the activity log from which on is told what was learnt since a moment. Raises Fault."""
        # The log and the clock may differ by a little.
        moment = written_moment(since - timedelta(minutes=10))
        return self.get("/rest/v1/activities/pagingtoken.json", ACTIVITY, sinceDatetime=moment)["nextPageToken"]

    def _json(self, method: str, path: str, permission: str, **arguments: Any) -> dict:
        response = self._ask(method, path, permission, **arguments)
        try:
            return response.json()
        except requests.JSONDecodeError as error:
            raise Fault(f"Marketo: {path} did not answer with JSON; is {PREFIX}BASE_URL right?") from error

    def _ask(self, method: str, path: str, permission: str, **arguments: Any) -> requests.Response:
        headers = arguments.pop("headers", {})
        for attempt in range(1, self.settings.http.attempts + 1):
            bearer = {"Authorization": f"Bearer {self._token or self._new_token()}"}
            url = f"{self.settings.base_url}{path}"
            response = ask(self._session, "Marketo", method, url, headers=headers | bearer, **arguments)
            code, message = _error(response)
            if code in TOKEN_CODES:
                self._token = ""
                continue
            if code == EXPORT_QUOTA and JOBS_FULL.lower() in message.lower():
                time.sleep(min(60.0, self.settings.http.pause_seconds * 2**attempt))
                continue
            break
        if code:
            raise _told(code, message, path, permission)
        if response.status_code not in (200, 206, 416):
            raise Fault(f"Marketo: {path} answered with status {response.status_code}, again and again; try later.")
        return response

    def _new_token(self) -> str:
        settings = self.settings
        credentials = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        response = ask(
            self._session,
            "Marketo",
            "GET",
            f"{settings.base_url}/identity/oauth/token",
            params={"grant_type": "client_credentials"} | credentials,
        )
        if response.status_code in (400, 401):
            raise Fault(
                f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET: Marketo does not accept them; "
                "copy both from Admin > LaunchPoint > View Details."
            )
        try:
            self._token = response.json()["access_token"]
        except (ValueError, KeyError) as error:
            raise Fault(
                f"{PREFIX}BASE_URL: {settings.base_url} gave no token (status {response.status_code}); "
                "it must be the REST address without /rest."
            ) from error
        return self._token


def _passes(response: requests.Response | None, _: BaseException | None) -> bool:
    """Whether an answer is an error that passes by itself."""
    return response is not None and _error(response)[0] in PASSING


def _error(response: requests.Response) -> tuple[str, str]:
    """The code and message of an error, both '' where it is none."""
    if response.status_code == 206 or "json" not in response.headers.get("Content-Type", ""):
        return "", ""
    try:
        answer = response.json()
    except ValueError:
        return "", ""
    if not isinstance(answer, dict) or answer.get("success", True) or not answer.get("errors"):
        return "", ""
    error = answer["errors"][0]
    return str(error.get("code", "")), str(error.get("message", ""))


def _told(code: str, message: str, path: str, permission: str) -> Fault:
    if code == "603":
        return Fault(
            f"Marketo: the API user may not read {path}; give its role the permission '{permission}' "
            "(Admin > Users & Roles), and check the list of allowed IP addresses."
        )
    if code == "607":
        return Fault("Marketo: the calls of the day are used up; the load goes on where it stopped when run tomorrow.")
    if code == EXPORT_QUOTA:
        return Fault(
            f"Marketo: {message} Exports of the day are used up (error {code}); "
            "the load goes on where it stopped when run tomorrow."
        )
    if code in PASSING | TOKEN_CODES:
        return Fault(f"Marketo: {path} answers '{message}' (error {code}) again and again; try later.")
    return Refusal(code, message, path)


def _joined(value: Any) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
