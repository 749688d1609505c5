"""The company as Meta's Graph API would tell it: ad accounts, campaigns, ad sets, ads, and insights by reports.

Reports are made in the background; a client asks how far one is, and then for its rows. Figures are restated for weeks,
as `ingestion.simulator.advertising` has it.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.meta_ads import insights, structure
from ingestion.simulator.server.meta_ads.gate import VERSIONS, Gate, expired_token, refusal, throttled
from ingestion.simulator.server.meta_ads.world import World
from ingestion.simulator.server.state import State

PATHS = tuple(f"/{version}/" for version in VERSIONS)
# What a server in trouble says, one after the other: an error of its own, or none.
TROUBLES = ((2, "Service temporarily unavailable"), (1, "An unknown error has occurred."), None)


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    world, gate = World(state), Gate(state)
    return [*structure.routes(world, gate), *insights.routes(world, gate)]


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """Meta's answer to a request that a fault strikes; None where its API has no such fault there."""
    if kind == "rate_limit":
        return throttled(faults.retry_after_seconds / 60).response()
    if kind == "expired_token":
        return expired_token().response()
    if kind == "server_error":
        trouble = TROUBLES[faults.answers.get(kind, 0) % len(TROUBLES)]
        if trouble is None:
            return Response("<html>Sorry, something went wrong.</html>", 503, media_type="text/html")
        code, message = trouble
        return refusal(code, message, status=500, is_transient=True).response()
    return None
