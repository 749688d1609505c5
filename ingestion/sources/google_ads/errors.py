"""Errors as Google Ads words them, and what to do about those that stay."""

import math
from dataclasses import dataclass
from typing import Any

from ingestion.faults import Fault
from ingestion.sources.google_ads.settings import PREFIX

VENDOR = "Google Ads"
LONGEST_MESSAGE = 300
# What an error's status says of it: these pass by themselves.
PASSING = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "UNKNOWN", "RESOURCE_EXHAUSTED"}
# An access token that a new one may mend; without a code, it was refused before Google Ads saw it.
TOKEN_CODES = {"", "OAUTH_TOKEN_EXPIRED", "OAUTH_TOKEN_INVALID", "AUTHENTICATION_ERROR"}
_PROJECT = "ask for access on the page 'Google Ads API Overview' of the Google Cloud project that has the OAuth client"
_CONSENT = f"consent again and put the new token into {PREFIX}REFRESH_TOKEN"
_REMEDIES = {
    "USER_PERMISSION_DENIED": f"name its manager account in {PREFIX}LOGIN_CUSTOMER_ID, "
    f"or give the Google account behind {PREFIX}REFRESH_TOKEN access to it",
    "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION": f"{PREFIX}LOGIN_CUSTOMER_ID must be a manager of it",
    "CUSTOMER_NOT_FOUND": f"correct {PREFIX}CUSTOMER_IDS",
    "CUSTOMER_NOT_ENABLED": f"it is closed or not set up yet; take it out of {PREFIX}CUSTOMER_IDS",
    "REQUESTED_METRICS_FOR_MANAGER": f"it is a manager account; name it in {PREFIX}LOGIN_CUSTOMER_ID instead",
    "NOT_ADS_USER": f"the Google account behind {PREFIX}REFRESH_TOKEN has no access to any Google Ads account",
    "OAUTH_TOKEN_REVOKED": _CONSENT,
    "OAUTH_TOKEN_DISABLED": _CONSENT,
    "DEVELOPER_TOKEN_INVALID": f"{PREFIX}DEVELOPER_TOKEN is wrong; leave it empty, it is needed no more",
    "DEVELOPER_TOKEN_PROHIBITED": f"{PREFIX}DEVELOPER_TOKEN belongs to another Google Cloud project; leave it empty",
    "DEVELOPER_TOKEN_NOT_APPROVED": f"{PREFIX}DEVELOPER_TOKEN is approved for test accounts only; {_PROJECT}",
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": _PROJECT,
    "PROJECT_DISABLED": "enable the Google Ads API in the Google Cloud project that has the OAuth client",
    "UNRECOGNIZED_FIELD": f"is {PREFIX}API_VERSION right?",
    "UNSUPPORTED_VERSION": f"set {PREFIX}API_VERSION to one that Google still serves",
}


@dataclass(frozen=True)
class GoogleError:
    """`status` such as PERMISSION_DENIED; `code` is Google Ads' own, '' where something before it refused.

    `message` is one line without a full stop. `wait_seconds`: whole seconds after which to ask again, 0 if not said.
    """

    status: str
    code: str
    message: str
    wait_seconds: int

    @classmethod
    def from_json(cls, error: Any) -> "GoogleError":
        """The first of the errors in an answer's `error`, in which Google names them all."""
        error = error if isinstance(error, dict) else {"message": error}
        errors = [single for detail in error.get("details") or [] for single in detail.get("errors") or []]
        first = errors[0] if errors else {}
        message = str(first.get("message") or error.get("message") or "no reason given")
        return cls(
            status=str(error.get("status") or error.get("code") or "UNKNOWN"),
            code=next(iter((first.get("errorCode") or {}).values()), ""),
            message=" ".join(message.split())[:LONGEST_MESSAGE].rstrip("."),
            wait_seconds=max((_wait_seconds(single) for single in errors), default=0),
        )

    @property
    def passes(self) -> bool:
        return self.status in PASSING

    @property
    def concerns_token(self) -> bool:
        return self.status == "UNAUTHENTICATED" and self.code in TOKEN_CODES


class Refusal(Fault):
    """An error that stays; `code` is Google's."""

    def __init__(self, error: GoogleError, customer: str) -> None:
        remedy = _REMEDIES.get(error.code)
        what = f"{error.message} ({error.code or error.status})"
        super().__init__(f"{VENDOR}, account {customer}: {what}{f'; {remedy}' if remedy else ''}.")
        self.code = error.code


def _wait_seconds(single: dict[str, Any]) -> int:
    """The delay that an error of a quota names, as `1.5s`."""
    delay = str(((single.get("details") or {}).get("quotaErrorDetails") or {}).get("retryDelay") or "")
    return math.ceil(float(delay[:-1])) if delay.endswith("s") else 0
