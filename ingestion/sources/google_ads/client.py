"""Google Ads' REST API: queries in GAQL, answered as a stream of batches that is taken whole or not at all.

An error may come as an answer of its own or, once the stream has begun, as its last batch under status 200.
"""

import time
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.google_ads.errors import VENDOR, GoogleError, Refusal
from ingestion.sources.google_ads.settings import PREFIX, GoogleAdsSettings

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
        for attempt in range(self.settings.http.attempts):
            response = self._ask(customer, query)
            rows, error = _read(response)
            if rows is not None:
                return rows
            if error and error.concerns_token:
                self._token = ""
            elif response.ok and (error is None or error.passes):
                time.sleep(min(60.0, self.settings.http.pause_seconds * 2**attempt))
            else:
                break
        raise self._fault(response, error, customer)

    def _ask(self, customer: str, query: str) -> requests.Response:
        settings = self.settings
        url = f"{settings.base_url}/v{settings.api_version}/customers/{customer}/googleAds:searchStream"
        headers = {
            "Authorization": f"Bearer {self._token or self._new_token()}",
            "login-customer-id": settings.login_customer_id,
            "developer-token": settings.developer_token,
        }
        given = {name: value for name, value in headers.items() if value}
        return ask(self._session, VENDOR, "POST", url, headers=given, json={"query": query})

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
            return Fault(f"{VENDOR}: the stream of account {customer} breaks off, again and again; try later.")
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
    """The rows of a whole stream, or the error in it; neither where the body breaks off or is none of Google Ads'."""
    body = _json(response)
    batches = body if isinstance(body, list) else [body]
    if not all(isinstance(batch, dict) for batch in batches):
        return None, None
    error = next((batch["error"] for batch in batches if "error" in batch), None)
    if error is not None:
        return None, GoogleError.from_json(error)
    if not response.ok or not isinstance(body, list):
        return None, None
    return [row for batch in batches for row in batch.get("results") or []], None


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
