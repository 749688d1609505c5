"""Google Ads' REST API: queries in GAQL, answered as a stream that is taken whole or not at all, or in pages.

An error may come as an answer of its own or, once a stream has begun, as its last batch under status 200.
"""

import time
from collections.abc import Iterator
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.google_ads.errors import VENDOR, GoogleError, Refusal
from ingestion.sources.google_ads.settings import PREFIX, GoogleAdsSettings

STREAM, PAGES = "searchStream", "search"
TOO_MANY, SERVER_ERROR = 429, 500
# A minute's quota is worth waiting for, a day's is not; the session waits no longer anyway.
LONGEST_WAIT_SECONDS = 300
Row = dict[str, Any]


class Client:
    """Asks with the settings' credentials; the access token is fetched when it is needed and when it has expired."""

    def __init__(self, settings: GoogleAdsSettings) -> None:
        self.settings = settings
        self._session = session(settings.http)
        self._session.hooks["response"].append(_heed_the_quota)
        self._token = ""

    def rows(self, customer: str, query: str) -> list[Row]:
        """All rows that an account (digits) answers to a query. Raises Fault, which is a Refusal if Google says why."""
        return _rows(self._answers(customer, STREAM, {"query": query}))

    def pages(self, customer: str, query: str) -> Iterator[list[Row]]:
        """The same in pages of 10,000 rows, for what may be more than fits into memory."""
        body = {"query": query}
        while True:
            [answer] = self._answers(customer, PAGES, body)
            yield _rows([answer])
            if not answer.get("nextPageToken"):
                return
            body |= {"pageToken": answer["nextPageToken"]}

    def _answers(self, customer: str, method: str, body: Row) -> list[Row]:
        """The batches of a stream, or the one page, asked for until they come whole. Raises Fault."""
        for attempt in range(self.settings.http.attempts):
            response = self._ask(customer, method, body)
            answers, error = _read(response)
            if answers is not None:
                return answers
            if error and error.concerns_token:
                self._token = ""
            elif response.ok and (error is None or error.passes):
                time.sleep(min(60.0, self.settings.http.pause_seconds * 2**attempt))
            else:
                break
        raise self._fault(response, error, customer)

    def _ask(self, customer: str, method: str, body: Row) -> requests.Response:
        settings = self.settings
        url = f"{settings.base_url}/v{settings.api_version}/customers/{customer}/googleAds:{method}"
        headers = {
            "Authorization": f"Bearer {self._token or self._new_token()}",
            "login-customer-id": settings.login_customer_id,
            "developer-token": settings.developer_token,
        }
        given = {name: value for name, value in headers.items() if value}
        return ask(self._session, VENDOR, "POST", url, headers=given, json=body)

    def _new_token(self) -> str:
        settings = self.settings
        form = {
            "grant_type": "refresh_token",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "refresh_token": settings.refresh_token,
        }
        response = ask(self._session, VENDOR, "POST", settings.token_url, data=form)
        body = _json(response)
        answer = body if isinstance(body, dict) else {}
        if answer.get("error") == "invalid_grant":
            raise Fault(f"{PREFIX}REFRESH_TOKEN has expired, was revoked or belongs to another client; get a new one.")
        if answer.get("error") in ("invalid_client", "unauthorized_client"):
            raise Fault(f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET: Google does not accept them; copy both anew.")
        if "access_token" not in answer:
            raise Fault(f"{PREFIX}TOKEN_URL: {settings.token_url} gave no token (status {response.status_code}).")
        self._token = answer["access_token"]
        return self._token

    def _fault(self, response: requests.Response, error: GoogleError | None, customer: str) -> Fault:
        """What the last of the tries came to, in one line."""
        if error is None and response.ok:
            return Fault(f"{VENDOR}: the answer of account {customer} breaks off, again and again; try later.")
        if error is None and response.status_code < SERVER_ERROR:
            return Fault(
                f"{VENDOR}: {self.settings.base_url} answered with status {response.status_code} and no reason; "
                f"are {PREFIX}BASE_URL and {PREFIX}API_VERSION right?"
            )
        if error is None or error.passes:
            reason = f"{error.message} ({error.status})" if error else f"status {response.status_code}"
            return Fault(f"{VENDOR} answers '{reason}', again and again; try later.")
        if error.concerns_token:
            return Fault(f"{VENDOR}: fresh access tokens are refused as well ({error.message}); try later.")
        return Refusal(error, customer)


def _read(response: requests.Response) -> tuple[list[Row] | None, GoogleError | None]:
    """The batches of a whole stream or the one page, or the error; neither where the body breaks off or is no JSON."""
    body = _json(response)
    answers = body if isinstance(body, list) else [body]
    if not all(isinstance(answer, dict) for answer in answers):
        return None, None
    error = next((answer["error"] for answer in answers if "error" in answer), None)
    if error is not None:
        return None, GoogleError.from_json(error)
    return (answers if response.ok else None), None


def _rows(answers: list[Row]) -> list[Row]:
    return [row for answer in answers for row in answer.get("results") or []]


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _heed_the_quota(response: requests.Response, *_: Any, **__: Any) -> None:
    """Google says in the body how long to wait: put it where the session looks. Raises Fault where that is too long."""
    error = _read(response)[1] if response.status_code == TOO_MANY else None
    if error is None or not error.wait_seconds:
        return
    if error.wait_seconds > LONGEST_WAIT_SECONDS:
        raise Fault(
            f"{VENDOR}: {error.message} (the operations of the day are used up); "
            "the load goes on where it stopped when run again."
        )
    response.headers["Retry-After"] = str(error.wait_seconds)
