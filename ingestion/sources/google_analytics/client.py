"""Google Analytics' Data API: one report after the other; an error says what to do about it."""

from typing import Any

import requests

from ingestion.faults import Fault
from ingestion.http import ask, session
from ingestion.sources.google_analytics.login import PREFIX, SCOPE
from ingestion.sources.google_analytics.settings import GoogleAnalyticsSettings

VENDOR = "Google Analytics"
UNAUTHORISED = 401
# What to do where Google refuses for another reason than that the property is not ours, by the reason that it gives.
REMEDIES = {
    "SERVICE_DISABLED": "enable the Google Analytics Data API in the Google Cloud project of the credentials",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": f"get {PREFIX}REFRESH_TOKEN for the scope {SCOPE}",
}


class Client:
    """Asks as the settings' login; the access token is fetched when it is needed and when it has expired."""

    def __init__(self, settings: GoogleAnalyticsSettings) -> None:
        self.settings = settings
        self._session = session(settings.http)
        self._token = ""

    def report(self, property_id: str, request: dict[str, Any]) -> dict[str, Any]:
        """What `runReport` answers for a property. Raises Fault."""
        url = f"{self.settings.base_url}/v1beta/properties/{property_id}:runReport"
        for _ in range(self.settings.http.attempts):
            headers = {"Authorization": f"Bearer {self._token or self._new_token()}"}
            response = ask(self._session, VENDOR, "POST", url, headers=headers, json=request)
            if response.status_code != UNAUTHORISED:
                break
            self._token = ""
        answer = _json(response)
        if response.ok and answer is not None:
            return answer
        raise self._told(response, answer or {}, property_id)

    def _new_token(self) -> str:
        login = self.settings.login
        response = ask(self._session, VENDOR, "POST", login.token_url, data=login.form())
        answer = _json(response) or {}
        fault = login.refused(str(answer.get("error")))
        if fault:
            raise fault
        if not isinstance(answer.get("access_token"), str):
            raise Fault(f"{VENDOR}: {login.token_url} gave no token (status {response.status_code}); try later.")
        self._token = answer["access_token"]
        return self._token

    def _told(self, response: requests.Response, answer: dict[str, Any], property_id: str) -> Fault:
        error = answer.get("error")
        error = error if isinstance(error, dict) else {}
        status, message = error.get("status"), " ".join(str(error.get("message") or "").split())
        if status == "PERMISSION_DENIED":
            reasons = [detail.get("reason") for detail in error.get("details") or [] if isinstance(detail, dict)]
            access = (
                f"give {self.settings.login.name} the role Viewer (Admin > Property access management), "
                f"or correct {PREFIX}PROPERTY_IDS"
            )
            remedy = next((REMEDIES[reason] for reason in reasons if reason in REMEDIES), access)
            return Fault(f"{VENDOR}, property {property_id}: {message} ({status}); {remedy}.")
        if status == "RESOURCE_EXHAUSTED":
            return Fault(
                f"{VENDOR}, property {property_id}: {message} ({status}); "
                "the load goes on where it stopped when run later."
            )
        if status == "UNAUTHENTICATED":
            return Fault(f"{VENDOR}: fresh access tokens are refused as well ({message}); try later.")
        if response.status_code >= 500:
            return Fault(
                f"{VENDOR}: {message or 'an error'} (status {response.status_code}), again and again; try later."
            )
        if not message:
            return Fault(
                f"{VENDOR}: {self.settings.base_url} answered with status {response.status_code} and no reason; "
                f"is {PREFIX}BASE_URL right?"
            )
        return Fault(f"{VENDOR} refused a report of property {property_id}: {message} ({status}).")


def _json(response: requests.Response) -> dict[str, Any] | None:
    try:
        answer = response.json()
    except requests.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None
