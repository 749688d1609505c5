"""Asking Meta's Graph API, whose errors say more than their status: what passes by itself is asked again.

The token goes into a header: an address may end up in somebody's log. So the next page is asked for by its cursor, not
by the address that Meta gives, which holds the token.
"""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session, told_at
from ingestion.sources.meta_ads.settings import PREFIX, MetaAdsSettings

VENDOR = "Meta"
UNKNOWN, UNAVAILABLE, TOKEN, DEPRECATED_VERSION = 1, 2, 190, 2635
PERMISSIONS = {3, 10, *range(200, 300)}
# Of the application, the user, the page, a custom limit, and the ad account by use case.
THROTTLING = {4, 17, 32, 613, *range(80000, 80015)}
# A token that does not expire is said to have done so: that passes.
EXPIRED = (TOKEN, 463)
REDUCE = "reduce the amount of data"
# A longer pause than this is not waited for: the load goes on later where it stopped.
LONGEST_WAIT_MINUTES = 15
USAGE, MOST_ROWS = "X-Business-Use-Case-Usage", 500


class Refusal(Fault):
    """A question that Meta does not answer; `code` and `subcode` are its own, 0 where it gives none."""

    def __init__(self, code: int, subcode: int, line: str) -> None:
        super().__init__(line)
        self.code = code
        self.subcode = subcode


class TooLarge(Refusal):
    """Meta asks for a smaller question."""


class Client:
    """Asks with the settings' token. `now` is the moment by Meta's clock at its last answer, naive UTC."""

    def __init__(self, settings: MetaAdsSettings) -> None:
        self.settings = settings
        self.now = datetime.min
        self._session = session(settings.http, try_again_if=_passes)

    def get(self, path: str, **parameters: Any) -> dict:
        """The answer of a path; parameters that are None are left out, lists are JSON. Raises Fault."""
        return self._answer("GET", path, params=_written(parameters))

    def post(self, path: str, **parameters: Any) -> dict:
        """The answer of a path to a form. Raises Fault."""
        return self._answer("POST", path, data=_written(parameters))

    def listing(
        self, path: str, size: int, after: str | None = None, **parameters: Any
    ) -> Iterator[tuple[list[dict], str | None]]:
        """The pages of an edge after a cursor, each with its own cursor, None at the end. Raises Fault.

        A page that is too large for Meta is asked for with fewer rows.
        """
        while True:
            try:
                answer = self.get(path, limit=size, after=after, **parameters)
            except TooLarge:
                if size == 1:
                    raise
                size //= 2
                continue
            paging = answer.get("paging") or {}
            # A page may be empty and still have a next one.
            after = paging["cursors"]["after"] if paging.get("next") else None
            yield answer["data"], after
            if after is None:
                return

    def _answer(self, method: str, path: str, **arguments: Any) -> dict:
        headers = {"Authorization": f"Bearer {self.settings.access_token}"}
        url = f"{self.settings.base_url}/{self.settings.version}/{path}"
        for attempt in range(self.settings.http.attempts):
            response = ask(self._session, VENDOR, method, url, headers=headers, **arguments)
            code, subcode = _codes(response)
            if code not in THROTTLING and (code, subcode) != EXPIRED:
                break
            time.sleep(_pause(response, self.settings.http.pause_seconds * 2**attempt))
        if not response.ok:
            raise _told(response, path)
        try:
            answer = response.json()
        except requests.JSONDecodeError as error:
            raise Fault(f"{VENDOR}: {path} did not answer with JSON; is {PREFIX}BASE_URL right?") from error
        self.now = told_at(response)
        return answer


def _written(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: json.dumps(value) if isinstance(value, list | dict) else str(value)
        for name, value in parameters.items()
        if value is not None
    }


def _passes(response: requests.Response | None, _: BaseException | None) -> bool:
    """Whether an answer is an error that passes by itself, and soon."""
    if response is None:
        return False
    error = _error(response)
    is_passing = error.get("code") in (UNKNOWN, UNAVAILABLE) or error.get("is_transient") is True
    return is_passing and error.get("code") not in THROTTLING and REDUCE not in str(error.get("message"))


def _pause(response: requests.Response, otherwise: float) -> float:
    """Seconds to wait: as long as Meta says until an account may be asked again. Raises Fault where that is long."""
    try:
        usage = json.loads(response.headers.get(USAGE) or "{}")
        minutes = max(
            (float(use.get("estimated_time_to_regain_access") or 0) for uses in usage.values() for use in uses),
            default=0.0,
        )
    except (ValueError, AttributeError, TypeError):
        minutes = 0.0
    if minutes > LONGEST_WAIT_MINUTES:
        raise Fault(
            f"{VENDOR}: too many calls; it answers again in {minutes:.0f} minutes. Load again then: it goes on."
        )
    return minutes * 60 or min(otherwise, 60.0)


def _told(response: requests.Response, path: str) -> Fault:
    code, subcode = _codes(response)
    said = " ".join(str(_error(response).get("message") or response.reason or "no reason given").split())[:200]
    if code == TOKEN:
        return Fault(f"{PREFIX}ACCESS_TOKEN: {VENDOR} does not accept it (error {TOKEN}, {subcode}); put in a new one.")
    if code in PERMISSIONS:
        return Fault(
            f"{VENDOR}: the token may not read {path} (error {code}); it needs the permission ads_read, and its system "
            "user must be assigned to the ad account."
        )
    if code == DEPRECATED_VERSION:
        return Fault(f"{PREFIX}VERSION: {VENDOR} has retired it ({said}).")
    if code in THROTTLING:
        return Fault(
            f"{VENDOR}: {path} is refused because of too many calls (error {code}), again and again; try later."
        )
    if REDUCE in said:
        return TooLarge(code, subcode, f"{VENDOR}: {path} is too large a question for it ({said}).")
    if code in (UNKNOWN, UNAVAILABLE) or response.status_code >= 500:
        return Fault(f"{VENDOR}: {path} answers with an error of its own, again and again; try later.")
    return Refusal(
        code, subcode, f"{VENDOR}: {path} answered {response.status_code} ({said}, error {code}, {subcode})."
    )


def _codes(response: requests.Response) -> tuple[int, int]:
    """The code and subcode of an error, 0 where it has none."""
    error = _error(response)
    return int(error.get("code") or 0), int(error.get("error_subcode") or 0)


def _error(response: requests.Response) -> dict[str, Any]:
    """What an error says of itself; nothing where an answer is none."""
    if response.ok:
        return {}
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
