"""Google Ads' REST API: queries in GAQL, answered as a stream of batches that is taken whole or not at all.

An error may come as an answer of its own or, once the stream has begun, as its last batch under status 200.
"""

import time
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.google_ads.settings import PREFIX, GoogleAdsSettings

VENDOR = "Google Ads"
UNAUTHORISED, TOO_MANY = 401, 429
# What the status of an error says of it: the first kind passes by itself.
PASSING = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN", "RESOURCE_EXHAUSTED"}
TOKEN_CODES = {"", "OAUTH_TOKEN_EXPIRED", "OAUTH_TOKEN_INVALID", "AUTHENTICATION_ERROR"}
# A minute's quota is worth waiting for, a day's is not.
LONGEST_WAIT_SECONDS = 300
PROJECT = "ask for access on the page 'Google Ads API Overview' of the Google Cloud project that has the OAuth client"
# What to do about errors that stay, by Google's code.
REMEDIES = {
    "USER_PERMISSION_DENIED": f"name its manager account in {PREFIX}LOGIN_CUSTOMER_ID, "
    f"or give the Google account behind {PREFIX}REFRESH_TOKEN access to it",
    "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION": f"{PREFIX}LOGIN_CUSTOMER_ID must be a manager of it",
    "CUSTOMER_NOT_FOUND": f"correct {PREFIX}CUSTOMER_IDS",
    "CUSTOMER_NOT_ENABLED": f"it is closed or not set up yet; take it out of {PREFIX}CUSTOMER_IDS",
    "REQUESTED_METRICS_FOR_MANAGER": f"it is a manager account; name it in {PREFIX}LOGIN_CUSTOMER_ID instead",
    "NOT_ADS_USER": f"the Google account behind {PREFIX}REFRESH_TOKEN has no access to any Google Ads account",
    "DEVELOPER_TOKEN_INVALID": f"{PREFIX}DEVELOPER_TOKEN is wrong; leave it empty, it is needed no more",
    "DEVELOPER_TOKEN_PROHIBITED": f"{PREFIX}DEVELOPER_TOKEN belongs to another Google Cloud project; leave it empty",
    "DEVELOPER_TOKEN_NOT_APPROVED": f"{PREFIX}DEVELOPER_TOKEN is approved for test accounts only; {PROJECT}",
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": PROJECT,
    "PROJECT_DISABLED": "enable the Google Ads API in the Google Cloud project that has the OAuth client",
    "UNRECOGNIZED_FIELD": f"is {PREFIX}API_VERSION right?",
    "UNSUPPORTED_VERSION": f"set {PREFIX}API_VERSION to one that Google still serves",
}


class Refusal(Fault):
    """An error that Google answered with; `code` is the innermost one it gives, such as DATE_TOO_OLD."""

    def __init__(self, error: dict[str, Any], customer: str) -> None:
        self.code, message = _reason(error)
        remedy = REMEDIES.get(self.code)
        name = self.code or error.get("status") or error.get("code")
        super().__init__(f"{VENDOR}, account {customer}: {message} ({name}){f'; {remedy}' if remedy else ''}.")


class Client:
    """Asks with the settings' credentials; the access token is fetched when it is needed and when it has expired."""

    def __init__(self, settings: GoogleAdsSettings) -> None:
        self.settings = settings
        self._session = session(settings.http)
        self._session.hooks["response"].append(_heed_the_quota)
        self._token = ""

    def rows(self, customer: str, query: str) -> list[dict[str, Any]]:
        """All rows that an account (digits) answers to a query. Raises Fault, which is a Refusal if Google says why."""
        attempts = self.settings.http.attempts
        for attempt in range(1, attempts + 1):
            response = self._ask(customer, query)
            batches, error = _read(response)
            if response.status_code == UNAUTHORISED and _reason(error)[0] in TOKEN_CODES:
                self._token = ""
                continue
            if error is None and batches is not None:
                return [row for batch in batches for row in batch.get("results") or []]
            if response.ok and (error is None or error.get("status") in PASSING) and attempt < attempts:
                time.sleep(min(60.0, self.settings.http.pause_seconds * 2**attempt))
                continue
            break
        raise self._told(response, error, customer)

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
        answer = _json(response)
        answer = answer if isinstance(answer, dict) else {}
        if answer.get("error") == "invalid_grant":
            raise Fault(f"{PREFIX}REFRESH_TOKEN has expired, was revoked or belongs to another client; get a new one.")
        if answer.get("error") in ("invalid_client", "unauthorized_client"):
            raise Fault(f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET: Google does not accept them; copy both anew.")
        if "access_token" not in answer:
            raise Fault(f"{PREFIX}TOKEN_URL: {settings.token_url} gave no token (status {response.status_code}).")
        self._token = answer["access_token"]
        return self._token

    def _told(self, response: requests.Response, error: dict[str, Any] | None, customer: str) -> Fault:
        status = response.status_code
        if error is None and response.ok:
            return Fault(f"{VENDOR}: the stream of account {customer} breaks off, again and again; try later.")
        if error is None and status >= 500:
            return Fault(f"{VENDOR}: answers with status {status}, again and again; try later.")
        if error is None:
            return Fault(
                f"{VENDOR}: {self.settings.base_url} answered with status {status} and no reason; "
                f"are {PREFIX}BASE_URL and {PREFIX}API_VERSION right?"
            )
        code, message = _reason(error)
        if status == TOO_MANY or error.get("status") in PASSING:
            return Fault(f"{VENDOR}: {message} ({error.get('status') or status}), again and again; try later.")
        if status == UNAUTHORISED and code in TOKEN_CODES:
            return Fault(f"{VENDOR}: fresh access tokens are refused as well ({message}); try later.")
        return Refusal(error, customer)


def _read(response: requests.Response) -> tuple[list[dict[str, Any]] | None, dict[str, Any] | None]:
    """The batches of a whole stream, or the error within; neither where the body breaks off or is no JSON."""
    body = _json(response)
    batches = body if isinstance(body, list) else [body]
    if not all(isinstance(batch, dict) for batch in batches):
        return None, None
    error = next((batch["error"] for batch in batches if "error" in batch), None)
    if error is not None:
        return None, error if isinstance(error, dict) else {"message": str(error)}
    return (batches, None) if response.ok and isinstance(body, list) else (None, None)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _errors(error: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The errors within Google's own part of an error body; none where something before Google Ads refused."""
    details = (error or {}).get("details") or []
    return [single for detail in details for single in detail.get("errors") or []]


def _reason(error: dict[str, Any] | None) -> tuple[str, str]:
    """The innermost code of an error, '' where there is none, and its message in one line without a full stop."""
    found = _errors(error)
    code = next((str(code) for code in (found[0].get("errorCode") or {}).values()), "") if found else ""
    message = str((found[0].get("message") if found else "") or (error or {}).get("message") or "no reason given")
    return code, " ".join(message.split())[:300].rstrip(".")


def _heed_the_quota(response: requests.Response, *_: Any, **__: Any) -> None:
    """Google says in the body how long to wait: put it where the session looks. Raises Fault where that is too long."""
    if response.status_code != TOO_MANY:
        return
    _, error = _read(response)
    delays = [
        str(((single.get("details") or {}).get("quotaErrorDetails") or {}).get("retryDelay") or "")
        for single in _errors(error)
    ]
    seconds = max((float(delay[:-1]) for delay in delays if delay.endswith("s")), default=0.0)
    if seconds > LONGEST_WAIT_SECONDS:
        raise Fault(
            f"{VENDOR}: {_reason(error)[1]} (the operations of the day are used up); "
            "the load goes on where it stopped when run again."
        )
    if seconds:
        response.headers["Retry-After"] = str(int(-(-seconds // 1)))
