"""The company as HubSpot would tell it: CRM objects v3, associations v4, marketing and events.

`records` and `building` make each object's records out of the story (`company`), `portal` keeps what holds at the
present moment, and `objects`, `marketing`, `events` and `account` answer for the paths.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.hubspot import account, events, marketing, objects
from ingestion.simulator.server.hubspot.answers import Gate, answer, correlation_id, expired_token, rate_limited
from ingestion.simulator.server.hubspot.portal import Portal
from ingestion.simulator.server.state import State

PATHS = (
    *(
        "/crm/",
        "/oauth/v1/",
        "/account-info/",
        "/marketing/v3/",
        "/form-integrations/",
        "/email/public/",
        "/events/v3/",
    ),
    *("/communication-preferences/", "/cms/v3/"),
)


def routes(state: State) -> list[Route]:
    """The paths of HubSpot's API."""
    portal, gate = Portal(state), Gate(state)
    return [route for part in (account, objects, marketing, events) for route in part.routes(portal, gate)]


def error(kind: str, request: Request, faults: Faults) -> Response | None:
    """HubSpot's answer to a request that a fault strikes; None where its API has no such fault there."""
    if kind == "rate_limit":
        refused = rate_limited("SECONDLY", faults.retry_after_seconds)
        return answer(refused.body, refused.status, refused.headers)
    if kind == "server_error":
        return answer({"status": "error", "message": "internal error", "correlationId": correlation_id()}, 500)
    if kind == "expired_token" and not request.url.path.startswith("/oauth/"):
        refused = expired_token()
        return answer(refused.body, refused.status)
    return None
