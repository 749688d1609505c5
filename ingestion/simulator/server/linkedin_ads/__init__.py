"""The company as LinkedIn's Marketing API would tell it: accounts, campaign groups, campaigns, their figures.

What is a campaign in the story is a campaign group here, its ad groups are campaigns. Figures are restated for weeks,
as `ingestion.simulator.advertising` has it.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.linkedin_ads import analytics, structure
from ingestion.simulator.server.linkedin_ads.gate import Gate, answer, expired_token, refusal
from ingestion.simulator.server.linkedin_ads.world import World
from ingestion.simulator.server.state import State

TOKEN_PATH = "/oauth/v2/accessToken"
PATHS = (TOKEN_PATH, "/rest/adAccounts", "/rest/adAnalytics", "/rest/adTrackingParameters")


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    world, gate = World(state), Gate(state)
    return [gate.login(TOKEN_PATH), *structure.routes(world, gate), *analytics.routes(world, gate)]


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """LinkedIn's answer to a request that a fault strikes; None where its API has no such fault there."""
    if kind == "rate_limit":
        refused = refusal(429, "TOO_MANY_REQUESTS", "Too many requests", 101)
        return answer(refused.body, refused.status, {"Retry-After": str(faults.retry_after_seconds)})
    if kind == "server_error":
        refused = refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error", 0)
        return answer(refused.body, refused.status)
    if kind == "expired_token" and request.url.path != TOKEN_PATH:
        refused = expired_token()
        return answer(refused.body, refused.status)
    return None
