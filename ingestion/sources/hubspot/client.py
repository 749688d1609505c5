"""HubSpot's HTTP API: one request at a time, patient, with its refusals in one clear line."""

import time
from collections.abc import Iterator
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import HttpSettings, ask, session
from ingestion.sources.hubspot.settings import PREFIX, HubSpotSettings

VENDOR = "HubSpot"
BAD_REQUEST, NOT_AUTHORISED, FORBIDDEN, TOO_MANY = 400, 401, 403, 429


class MissingScope(Fault):
    """The token may not read this; `scopes` says which would allow it."""

    def __init__(self, scopes: list[str], path: str) -> None:
        self.scopes = scopes
        named = " or ".join(scopes) or "unnamed"
        super().__init__(f"HubSpot: the app lacks the scope {named} that {path} needs; grant it in the app's settings.")


class BadRequest(Fault):
    """A question that HubSpot does not take, such as one for the page behind a place that it no longer knows."""


class Client:
    """Asks with the settings' credentials; an OAuth token is fetched when it is needed and when it has expired."""

    def __init__(self, settings: HubSpotSettings, http: HttpSettings) -> None:
        self.settings = settings
        self.http = http
        self.session = session(http)
        self.session.hooks["response"].append(_stop_at_the_daily_limit)
        self.access_token = settings.token

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a GET; parameters that are None are left out."""
        return self._answer("GET", path, params={k: v for k, v in parameters.items() if v is not None})

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST of JSON."""
        return self._answer("POST", path, json=body)

    def listing(self, path: str, after: str | None = None, **parameters: Any) -> Iterator[tuple[list[Any], str | None]]:
        """The results of a listing page by page, each with the token of the next page, None at the end."""
        while True:
            answer = self.get(path, after=after, **parameters)
            after = next_page(answer)
            yield answer["results"], after
            if after is None:
                return

    def _answer(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        for attempt in range(self.http.attempts):
            if not self.access_token:
                self.access_token = self._fresh_token()
            headers = {"Authorization": f"Bearer {self.access_token}"}
            response = ask(self.session, VENDOR, method, self.settings.base_url + path, headers=headers, **arguments)
            if response.ok:
                return _json(response, path)
            if not _has_expired(response):
                break
            if self.settings.token:
                time.sleep(min(self.http.pause_seconds * 2**attempt, 60))
            else:
                self.access_token = ""
        raise self._refusal(response, path)

    def _fresh_token(self) -> str:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "refresh_token": self.settings.refresh_token,
        }
        response = ask(self.session, VENDOR, "POST", f"{self.settings.base_url}/oauth/v1/token", data=form)
        if response.ok:
            return str(_json(response, "/oauth/v1/token")["access_token"])
        if response.status_code < TOO_MANY:
            names = f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET or {PREFIX}REFRESH_TOKEN"
            raise Fault(f"{VENDOR}: {names} is not valid ({_told(response)}).")
        raise self._refusal(response, "/oauth/v1/token")

    def _refusal(self, response: requests.Response, path: str) -> Fault:
        status = response.status_code
        if status == NOT_AUTHORISED:
            name = f"{PREFIX}TOKEN" if self.settings.token else f"{PREFIX}REFRESH_TOKEN"
            what = "has expired" if _has_expired(response) else "is not valid"
            return Fault(f"{VENDOR}: {name} {what}; put in a new one.")
        if status == FORBIDDEN:
            return MissingScope(_wanted_scopes(response), path)
        if status == TOO_MANY:
            return Fault(f"{VENDOR}: {path} is refused because of too many requests, again and again; try later.")
        kind = BadRequest if status == BAD_REQUEST else Fault
        return kind(f"{VENDOR}: {path} answered {status} ({_told(response)}).")


def next_page(answer: dict[str, Any]) -> str | None:
    """The token of the page after this answer; None at the end."""
    after = answer.get("paging", {}).get("next", {}).get("after")
    return None if after is None else str(after)


def _stop_at_the_daily_limit(response: requests.Response, *_: Any, **__: Any) -> None:
    """Waiting helps when the limit is that of a second, not when it is that of the day."""
    if response.status_code == TOO_MANY and "DAILY" in str(_body(response).get("policyName")):
        raise Fault(f"{VENDOR}: the account's daily limit of requests is used up; it starts anew at midnight.")


def _has_expired(response: requests.Response) -> bool:
    return response.status_code == NOT_AUTHORISED and _body(response).get("category") == "EXPIRED_AUTHENTICATION"


def _wanted_scopes(response: requests.Response) -> list[str]:
    errors = _body(response).get("errors") or [{}]
    context = errors[0].get("context") or {}
    return list(context.get("requiredGranularScopes") or context.get("requiredScopes") or [])


def _told(response: requests.Response) -> str:
    message = str(_body(response).get("message") or response.reason or "no reason given")
    return " ".join(message.split())[:200]


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _json(response: requests.Response, path: str) -> dict[str, Any]:
    try:
        return response.json()
    except requests.JSONDecodeError as error:
        raise Fault(f"{VENDOR}: {path} did not answer with JSON; is {PREFIX}BASE_URL right?") from error
