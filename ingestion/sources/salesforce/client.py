"""Salesforce through its official client, on our patient session: sign in, ask, and say in one line what is wrong."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlparse

import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.salesforce.settings import PREFIX, SalesforceSettings, is_loopback

T = TypeVar("T")
NAME = "Salesforce"
# How often a session may end within one request before it is no accident.
SIGN_INS = 5
# Errors that pass: too many requests at once, or a query that was stopped for its time.
PASSING = ("ConcurrentRequests", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW")
HIDDEN = ("INVALID_TYPE", "NOT_FOUND", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY")
LONGEST_POLL_SECONDS = 10.0


class Hidden(Exception):
    """An object that is not there, or that our user may not see."""


class Gone(Exception):
    """A query locator or a job that Salesforce no longer knows."""


class Client:
    """One session at Salesforce, renewed when it ends. All methods raise Fault for what the user must mend."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self.settings = settings
        self.session = session(settings.http, try_again_if=_passes)
        self._signed_in: Salesforce | None = None

    def describe(self, name: str) -> dict:
        """An object's fields and more. Raises Hidden."""
        return self._ask(f"the object {name}", lambda sf: sf.restful(f"sobjects/{name}/describe"))

    def count(self, name: str, most: int) -> int:
        """How many records an object has, deleted ones too, counted up to a number. Raises Hidden."""
        soql = f"SELECT COUNT() FROM {name} LIMIT {most}"
        return self._ask(name, lambda sf: sf.query(soql, include_deleted=True))["totalSize"]

    def count_live(self, name: str) -> int:
        """How many records an object has that are not in the bin. Raises Hidden."""
        return self._ask(name, lambda sf: sf.query(f"SELECT COUNT() FROM {name}"))["totalSize"]

    def query(self, soql: str) -> dict:
        """The first page of a query, deleted records among them. Raises Hidden."""
        return self._ask("a query", lambda sf: sf.query(soql, include_deleted=True))

    def query_more(self, locator: str) -> dict:
        """A further page. Raises Gone."""
        return self._ask("a query's next page", lambda sf: sf.query_more(locator, include_deleted=True))

    def deleted(self, name: str, start: str, end: str) -> dict:
        """What was deleted in a span of time."""
        window = {"start": start, "end": end}
        return self._ask(f"the deletions of {name}", lambda sf: sf.restful(f"sobjects/{name}/deleted/", params=window))

    def start_job(self, soql: str) -> tuple[str, str]:
        """The id of a new query job, and when it was made. Raises Hidden."""
        body = json.dumps({"operation": "queryAll", "query": soql})
        job = self._ask("a bulk query", lambda sf: sf.restful("jobs/query", method="POST", data=body))
        return job["id"], job["createdDate"]

    def await_job(self, job_id: str) -> None:
        """Return when a job is complete. Raises Gone where it is not known any more or has failed."""
        pause = self.settings.http.pause_seconds
        while True:
            job = self._ask("a bulk query", lambda sf: sf.restful(f"jobs/query/{job_id}"))
            if job["state"] == "JobComplete":
                return
            if job["state"] in ("Aborted", "Failed"):
                raise Gone(job.get("errorMessage") or job["state"])
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_POLL_SECONDS)

    def job_results(self, job_id: str, locator: str | None, most: int) -> tuple[str, str | None]:
        """A piece of a job's result as CSV, and the locator of the next. Raises Gone."""
        parameters = {"maxRecords": str(most)} | ({"locator": locator} if locator else {})

        def fetch(sf: Salesforce) -> requests.Response:
            url = f"{sf.bulk2_url}query/{job_id}/results"
            answer = self.session.get(url, params=parameters, headers={**sf.headers, "Accept": "text/csv"})
            if answer.status_code == 401:
                raise SalesforceExpiredSession(url, 401, "results", _content(answer))
            if answer.status_code >= 300:
                raise SalesforceError(url, answer.status_code, "results", _content(answer))
            return answer

        answer = self._ask("the results of a bulk query", fetch)
        following = answer.headers.get("Sforce-Locator", "null")
        answer.encoding = "utf-8"
        return answer.text, None if following in ("null", "") else following

    def _ask(self, what: str, call: Callable[[Salesforce], T]) -> T:
        """The answer of a call, signing in again where the session has ended."""
        for _ in range(SIGN_INS):
            if self._signed_in is None:
                self._signed_in = self._sign_in()
            try:
                return call(self._signed_in)
            except SalesforceExpiredSession:
                self._signed_in = None
            except SalesforceError as error:
                raise _explained(error, what) from error
            except requests.Timeout as error:
                raise Fault(f"{NAME} did not answer in time, again and again, about {what}; try later.") from error
            except requests.RequestException as error:
                raise Fault(f"{NAME} cannot be reached or breaks off ({type(error).__name__}); try later.") from error
        raise Fault(f"{NAME} ends every session at once; look at the session settings of the connected app's user.")

    def _sign_in(self) -> Salesforce:
        settings = self.settings
        form = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        if settings.username:
            password = f"{settings.password}{settings.security_token}"
            form |= {"grant_type": "password", "username": settings.username, "password": password}
        else:
            form |= {"grant_type": "client_credentials"}
        answer = ask(self.session, NAME, "POST", f"{settings.login_url}/services/oauth2/token", data=form)
        given = _content(answer)
        if answer.status_code != 200 or not isinstance(given, Mapping) or "access_token" not in given:
            raise Fault(_why_refused(given, answer.status_code, settings))
        return _connected(given["access_token"], given["instance_url"], settings, self.session)


def _connected(token: str, instance_url: str, settings: SalesforceSettings, patient: requests.Session) -> Salesforce:
    """The official client, which speaks https to any instance; on this machine alone it may be plain http."""
    client = Salesforce(
        session_id=token,
        instance_url=instance_url,
        version=settings.api_version,
        session=patient,
        object_pairs_hook=dict,
    )
    client.headers.pop("X-PrettyPrint", None)
    if urlparse(instance_url).scheme == "http" and is_loopback(instance_url):
        client.base_url = f"{instance_url}/services/data/v{settings.api_version}/"
        client.bulk2_url = f"{client.base_url}jobs/"
    return client


def _passes(response: requests.Response | None, error: BaseException | None) -> bool:
    """Whether to try again, beyond 429 and 5xx."""
    if response is None or response.status_code not in (400, 403):
        return False
    return any(word in response.text for word in PASSING)


def _content(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.JSONDecodeError:
        return answer.text


def _explained(error: SalesforceError, what: str) -> Exception:
    """The fault, or what the caller has to know, that an answer of Salesforce's means."""
    told = error.content[0] if isinstance(error.content, list) and error.content else {}
    code = told.get("errorCode", f"HTTP {error.status}") if isinstance(told, Mapping) else f"HTTP {error.status}"
    words = " ".join(str(told.get("message", "")).split()) if isinstance(told, Mapping) else ""
    if code in ("INVALID_QUERY_LOCATOR", "INVALID_LOCATOR", "INVALIDJOBSTATE"):
        return Gone(code)
    if "bulk query" in what and error.status == 404:
        return Gone(code)
    if code in HIDDEN:
        return Hidden(what)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return Fault(f"{NAME}: {words.rstrip('.')}; the quota of API requests is used up. Load again when it is free.")
    if code == "API_DISABLED_FOR_ORG":
        return Fault(f"{NAME}: the user may not use the API; give it the permission 'API Enabled'.")
    return Fault(f"{NAME} refused {what}: {words.removesuffix('.') or 'no reason given'} ({code}).")


def _why_refused(given: Any, status: int, settings: SalesforceSettings) -> str:
    """Why there is no token, without a secret in it."""
    told = given if isinstance(given, Mapping) else {}
    reason, words = told.get("error", f"HTTP {status}"), told.get("error_description", "no reason given")
    hint = f"check {PREFIX}CLIENT_ID and {PREFIX}CLIENT_SECRET"
    if reason == "invalid_grant" and settings.username:
        hint = f"check {PREFIX}USERNAME, {PREFIX}PASSWORD and {PREFIX}SECURITY_TOKEN"
    elif reason == "invalid_grant" or "domain" in str(words):
        hint = f"set {PREFIX}LOGIN_URL to your My Domain and allow the connected app the client-credentials flow"
    return f"{NAME} does not let us in at {settings.login_url}: {words} ({reason}); {hint}."
