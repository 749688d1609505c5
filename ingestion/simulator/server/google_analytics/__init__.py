"""The company's Google Analytics 4: the Data API's reports of one property, its website.

What is stated of a day changes for two weeks, as hits are processed late and key events credited later still.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.google_analytics.gate import TOKEN_PATH, Gate, Refused
from ingestion.simulator.server.google_analytics.reports import PROPERTY_ID, Reports
from ingestion.simulator.server.state import State

__all__ = ["PROPERTY_ID", "TOKEN_PATH", "error", "routes"]
PATHS = ("/google_analytics", "/v1beta/properties")


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    return Gate(state, Reports(state)).routes()


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """The vendor's answer to a request that a fault strikes; None where its API has no such fault there."""
    if kind == "server_error":
        if request.url.path == TOKEN_PATH or faults.answers.get(kind, 0) % 2:
            return Response("<!DOCTYPE html><title>Error 502 (Server Error)!!1</title>", 502, media_type="text/html")
        return Refused(503, "UNAVAILABLE", "The service is currently unavailable.").answer()
    if request.url.path == TOKEN_PATH:
        return None
    if kind == "expired_token":
        return Refused.unauthenticated().answer()
    words = "Exhausted concurrent requests quota. Please send fewer requests concurrently."
    return Refused(429, "RESOURCE_EXHAUSTED", words).answer()
