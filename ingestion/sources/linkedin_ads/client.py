"""Asking LinkedIn's versioned REST API: patient, with a fresh token where there is an app, and refusals in one line."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session, told_at
from ingestion.sources.linkedin_ads.settings import PREFIX, LinkedInAdsSettings

VENDOR = "LinkedIn"
BAD_REQUEST, NOT_AUTHORISED, FORBIDDEN, NOT_FOUND, NO_SUCH_VERSION, TOO_MANY = 400, 401, 403, 404, 426, 429
RESTLI_VERSION = "2.0.0"


class Refusal(Fault):
    """A question that LinkedIn does not answer; `status` is that of HTTP."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Client:
    """Asks with the access token of the settings, or with one made for their app and made anew when it has expired.

    `today` is LinkedIn's day (UTC) by its last answer.
    """

    def __init__(self, settings: LinkedInAdsSettings) -> None:
        self.settings = settings
        self.today = date.min
        self._session = session(settings.http)
        self._session.hooks["response"].append(_stop_at_the_daily_limit)
        self._token = settings.access_token

    def get(self, path: str, **parameters: Any) -> dict:
        """The answer of a path; parameters are in Rest.li's spelling, None is left out. Raises Fault."""
        # Parentheses, colons and commas must stay as they are: they are the structure of a value.
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
        response = self._ask(f"{path}?{query}" if query else path)
        self.today = told_at(response).date()
        return _json(response, path)

    def listing(self, path: str, size: int, token: str | None = None) -> Iterator[tuple[list[dict], str | None]]:
        """The pages of a search from a token on, each with the next page's token, None at the end. Raises Fault."""
        earlier = token
        while True:
            given = quote(token, safe="") if token else None
            try:
                answer = self.get(path, q="search", pageSize=size, pageToken=given)
            except Refusal as refusal:
                if refusal.status != BAD_REQUEST or token is None or token != earlier:
                    raise
                token = None  # the place where a load broke off is no longer known: the listing is read anew
                continue
            token = (answer.get("metadata") or {}).get("nextPageToken") or None
            yield answer["elements"], token
            if token is None:
                return

    def _ask(self, path: str) -> requests.Response:
        for _ in range(self.settings.http.attempts):
            response = self._ask_once(path)
            if response.status_code != NOT_AUTHORISED or self.settings.access_token:
                break
            self._token = ""
        if not response.ok:
            raise _told(response, path.partition("?")[0], self.settings)
        return response

    def _ask_once(self, path: str) -> requests.Response:
        headers = {
            "Authorization": f"Bearer {self._token or self._fresh_token()}",
            "LinkedIn-Version": self.settings.version,
            "X-Restli-Protocol-Version": RESTLI_VERSION,
        }
        return ask(self._session, VENDOR, "GET", f"{self.settings.base_url}{path}", headers=headers)

    def _fresh_token(self) -> str:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "refresh_token": self.settings.refresh_token,
        }
        path = "/oauth/v2/accessToken"
        response = ask(self._session, VENDOR, "POST", f"{self.settings.login_url}{path}", data=form)
        if response.status_code in (BAD_REQUEST, NOT_AUTHORISED):
            names = f"{PREFIX}CLIENT_ID, {PREFIX}CLIENT_SECRET, {PREFIX}REFRESH_TOKEN"
            raise Fault(
                f"{names}: {VENDOR} does not accept them ({_message(response)}); a refresh token is good for a year."
            )
        if not response.ok:
            raise _told(response, path, self.settings)
        self._token = str(_json(response, path)["access_token"])
        return self._token


def urn(kind: str, number: int) -> str:
    """The name of a thing within a parameter, such as that of a `sponsoredAccount`; its colons are encoded."""
    return quote(f"urn:li:{kind}:{number}", safe="")


def number_of(name: str) -> int:
    """The number within a name such as `urn:li:sponsoredCampaign:123`."""
    return int(name.rpartition(":")[2])


def _stop_at_the_daily_limit(response: requests.Response, *_: Any, **__: Any) -> None:
    """Waiting helps when LinkedIn protects itself, not when the calls of the day are used up."""
    if response.status_code == TOO_MANY and "DAY limit" in _message(response):
        raise Fault(
            f"{VENDOR}: the calls of the day are used up; they are counted anew from midnight UTC on, and the load "
            "goes on where it stopped."
        )


def _told(response: requests.Response, path: str, settings: LinkedInAdsSettings) -> Fault:
    status, said = response.status_code, _message(response)
    if status == NOT_AUTHORISED:
        name = f"{PREFIX}ACCESS_TOKEN" if settings.access_token else f"{PREFIX}REFRESH_TOKEN"
        return Fault(f"{name}: {VENDOR} does not accept the token ({said}); put in a new one.")
    if status == FORBIDDEN:
        return Fault(
            f"{VENDOR}: the token may not read {path} ({said}); it needs the scopes r_ads and r_ads_reporting, and its "
            "member a role in the ad account."
        )
    if status == NO_SUCH_VERSION:
        return Fault(f"{PREFIX}VERSION: {VENDOR} has no version {settings.version} (any more); set one of this year.")
    if status == TOO_MANY or status >= 500:
        return Fault(f"{VENDOR}: {path} answers with status {status}, again and again; try later.")
    return Refusal(status, f"{VENDOR}: {path} answered {status} ({said}).")


def _message(response: requests.Response) -> str:
    """What an error says: `message`, or `error_description` where a token was asked for."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = {}
    told = body.get("message") or body.get("error_description") if isinstance(body, dict) else None
    return " ".join(str(told or response.reason or "no reason given").split())[:200]


def _json(response: requests.Response, path: str) -> dict:
    try:
        return response.json()
    except requests.JSONDecodeError as error:
        raise Fault(f"{VENDOR}: {path} did not answer with JSON; is {PREFIX}BASE_URL right?") from error
