"""Asking a vendor's API: patient with faults that pass, and one clear line for those that do not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from dlt.sources.helpers.requests import Client

from ingestion.config import Settings
from ingestion.faults import Fault

RetryCondition = Callable[[requests.Response | None, BaseException | None], bool]


@dataclass(frozen=True)
class HttpSettings:
    """How patient to be: seconds to wait for an answer, tries of one request, and the first pause between two of them.

    The pause doubles with each try; where the vendor says how long to wait (`Retry-After`), that holds.
    """

    timeout_seconds: float
    attempts: int
    pause_seconds: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "HttpSettings":
        """Read `FUNNELHOUSE_HTTP_…`. Raises Fault where one cannot be understood."""
        return cls(
            timeout_seconds=_number(settings, "FUNNELHOUSE_HTTP_TIMEOUT_SECONDS", 60),
            attempts=int(_number(settings, "FUNNELHOUSE_HTTP_ATTEMPTS", 7)),
            pause_seconds=_number(settings, "FUNNELHOUSE_HTTP_PAUSE_SECONDS", 1),
        )


def session(http: HttpSettings, try_again_if: RetryCondition | None = None) -> requests.Session:
    """A session that tries again on 429, 5xx, time-outs and broken connections, and where `try_again_if` says so.

    When the tries are used up, the last answer is returned as it is.
    """
    client = Client(
        request_timeout=http.timeout_seconds,
        raise_for_status=False,
        request_max_attempts=http.attempts,
        request_backoff_factor=http.pause_seconds,
        retry_condition=try_again_if,
    )
    return client.session


def ask(session: requests.Session, vendor: str, method: str, url: str, **arguments: Any) -> requests.Response:
    """Send one request. Raises Fault where no answer comes; what an answer means is for the caller to say."""
    try:
        return session.request(method, url, **arguments)
    except requests.Timeout as error:
        raise Fault(f"{vendor}: {url} did not answer in time, again and again; try later.") from error
    except requests.RequestException as error:
        raise Fault(f"{vendor}: {url} cannot be reached or breaks off ({type(error).__name__}); try later.") from error


def told_at(response: requests.Response) -> datetime:
    """The moment of an answer by the vendor's clock (its `Date`), naive UTC."""
    return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC).replace(tzinfo=None)


def _number(settings: Settings, variable: str, default: float) -> float:
    text = settings.environment.get(variable) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise Fault(f"{variable}: '{text}' is not a number above 0.")
    return number
