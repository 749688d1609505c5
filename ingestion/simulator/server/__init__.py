"""The made-up company behind a local HTTP server that speaks the APIs of its CRMs, Marketo and its ad platforms.

Each vendor is a mouth of the same story: a module with `routes(state)` and `error(kind)`. The server knows one moment,
`now`, which `POST /_simulator/forward?days=1` moves; what any mouth says is the story cut off there.
"""

from starlette.applications import Starlette

from ingestion.simulator.server import control, hubspot, linkedin_ads, marketo, meta_ads, salesforce
from ingestion.simulator.server.faults import FaultMiddleware
from ingestion.simulator.server.state import State

# Before HubSpot, which answers for all other paths below /oauth/.
MOUTHS = {
    "linkedin_ads": linkedin_ads,
    "hubspot": hubspot,
    "salesforce": salesforce,
    "marketo": marketo,
    "meta_ads": meta_ads,
}


def app(state: State) -> Starlette:
    """The server's application; all vendors share one address, since none of their paths are the same."""
    routes = [route for mouth in MOUTHS.values() for route in mouth.routes(state)]
    application = Starlette(routes=[*control.routes(state), *routes])
    application.add_middleware(FaultMiddleware, faults=state.faults, mouths=MOUTHS)
    return application
