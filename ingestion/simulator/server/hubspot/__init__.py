"""The company as HubSpot would tell it: CRM objects v3, associations v4, marketing and events.

`records` and `building` make each object's records out of the story (`company`), `portal` keeps what holds at the
present moment, and `objects`, `marketing`, `mailings`, `events` and `account` answer for the paths. What has a
numbered version (v3, v4) is also there in the dated releases that HubSpot's documentation names since March 2026.
"""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.faults import Faults
from ingestion.simulator.server.hubspot import account, events, mailings, marketing, objects
from ingestion.simulator.server.hubspot.answers import Gate, answer, correlation_id, expired_token, rate_limited
from ingestion.simulator.server.hubspot.portal import Portal
from ingestion.simulator.server.state import State

PATHS = (
    *("/crm/", "/crm-object-schemas/", "/oauth/", "/account-info/", "/marketing/", "/form-integrations/"),
    *("/email/public/", "/events/", "/communication-preferences/", "/cms/", "/properties/v2/"),
)
RELEASES = ("2026-03", "2026-09")
# How a path with a numbered version begins, and how the same one begins in a release.
DATED = (
    (r"/crm/v3/objects(?!.*/associations/)", "/crm/objects/{release}"),
    (r"/crm/v4/objects", "/crm/objects/{release}"),
    (r"/crm/v4/associations", "/crm/associations/{release}"),
    (r"/crm/v3/(owners|pipelines|properties)", r"/crm/\1/{release}"),
    (r"/crm/v3/schemas", "/crm-object-schemas/{release}/schemas"),
    (r"/marketing/v3/(forms|emails|campaigns)", r"/marketing/\1/{release}"),
    (r"/communication-preferences/v4", "/communication-preferences/{release}"),
    (r"/events/v3/events", "/events/event-occurrences/{release}"),
    (r"/cms/v3/pages", "/cms/pages/{release}"),
    (r"/account-info/v3", "/account-info/{release}"),
    (r"/oauth/v1/token", "/oauth/{release}/token"),
)


def routes(state: State) -> list[Route]:
    """The paths of HubSpot's API."""
    portal, gate = Portal(state), Gate(state)
    numbered = [
        route for part in (account, objects, marketing, mailings, events) for route in part.routes(portal, gate)
    ]
    return [*numbered, *(dated for release in RELEASES for route in numbered for dated in _dated(route, release))]


def _dated(route: Route, release: str) -> list[Route]:
    """The same path in a release, where the release has it."""
    for beginning, instead in DATED:
        if found := re.match(beginning, route.path):
            path = found.expand(instead.format(release=release)) + route.path[found.end() :]
            return [Route(path, route.endpoint, methods=sorted(route.methods or ()))]
    return []


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
