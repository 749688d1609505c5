"""The company as Marketo would tell it: the people of the Salesforce markets, what they did, and what was sent to them.

Marketo knows a person under a number of its own and under the id of the lead in Salesforce from which they were synced.
Everything that happens is written into one log in the order in which Marketo learns of it; a paging token is a place in
that log, so what is learnt late is read late and read once.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.marketo import activities, assets, exports, leads
from ingestion.simulator.server.marketo.gate import Gate, refusal
from ingestion.simulator.server.marketo.world import World
from ingestion.simulator.server.state import State

PATHS = ("/identity/oauth", "/rest/v1", "/rest/asset", "/bulk/v1")
# What a server in trouble says, one after the other: an HTTP status, or a code within an answer of status 200.
TROUBLES = ("611", 500, "608", "604", 502, "615")


def routes(state: State) -> list[Route]:
    """The paths of the vendor's API."""
    world, gate = World(state), Gate(state)
    return [
        gate.identity(),
        *gate.statistics(),
        *leads.routes(world, gate),
        *activities.routes(world, gate),
        *assets.routes(world, gate),
        *exports.routes(world, gate),
    ]


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """The vendor's answer to a request that a fault strikes; None where its API has no such fault there."""
    is_identity = request.url.path.startswith("/identity")
    if kind == "server_error":
        trouble = TROUBLES[faults.answers.get(kind, 0) % len(TROUBLES)]
        if isinstance(trouble, int) or is_identity:
            return Response("<html>Service Unavailable</html>", 503 if is_identity else trouble, media_type="text/html")
        return refusal(trouble)
    if is_identity:
        return None
    return refusal({"rate_limit": "606", "expired_token": "602"}[kind])
