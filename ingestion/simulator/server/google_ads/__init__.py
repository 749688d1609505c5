"""The company's Google Ads: a manager account with an account per market below it, asked in GAQL over REST.

What is stated of a day changes for weeks; clicks are told one by one, with the campaign that truly brought them.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.google_ads.gate import (
    TOKEN_PATH,
    VERSIONS,
    Gate,
    Refused,
    error_body,
    exhausted,
    expired,
    refusal,
)
from ingestion.simulator.server.google_ads.world import World
from ingestion.simulator.server.state import State

PATHS = ("/google_ads", *(f"/v{version}/customers" for version in VERSIONS))


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    return Gate(World(state)).routes()


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """The vendor's answer to a request that a fault strikes; None where its API has no such fault there."""
    is_token = request.url.path == TOKEN_PATH
    if kind == "server_error":
        return _trouble(faults.answers.get(kind, 0), is_token, request.url.path.endswith(":searchStream"))
    if is_token:
        return None
    refused = expired() if kind == "expired_token" else exhausted("Requests per account", faults.retry_after_seconds)
    return refusal(refused, is_stream=request.url.path.endswith(":searchStream"))


def _trouble(number: int, is_token: bool, is_stream: bool) -> Response:
    """What a server in trouble says, one after the other: errors, and a stream that has begun and ends with one."""
    internal = Refused(500, "internalError", "TRANSIENT_ERROR", "A transient internal error has occurred.")
    if is_token or number % 3 == 0:
        return Response("<!DOCTYPE html><title>Error 502 (Server Error)!!1</title>", 502, media_type="text/html")
    if number % 3 == 1 or not is_stream:
        return refusal(internal, is_stream)
    begun = [{"results": [], "fieldMask": "campaign.id", "requestId": "begun"}, error_body(Refused(503))]
    return Response(orjson.dumps(begun), media_type="application/json; charset=UTF-8")
