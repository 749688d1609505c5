"""Ad accounts, searches for campaign groups and campaigns with page tokens, what campaigns add to a landing page."""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import unquote

from starlette.routing import Route

from ingestion.simulator.server.linkedin_ads.gate import Call, Gate, invalid, refusal
from ingestion.simulator.server.linkedin_ads.world import VENDOR, World

DEFAULT_PAGE, MOST = 100, 1_000
CAMPAIGN_KEY = re.compile(r"\(adEntity:\(sponsoredCampaign:urn%3Ali%3AsponsoredCampaign%3A(\d+)\)\)$", re.IGNORECASE)


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""

    def account(call: Call) -> dict:
        return world.accounts()[_account(world, call)]

    def listing(records: Callable[[int], list[dict]]) -> Callable[[Call], dict]:
        return lambda call: _page(world, call, records(_account(world, call)))

    def parameters(call: Call) -> dict:
        found = CAMPAIGN_KEY.search(call.raw_path)
        if not found:
            raise invalid("Invalid value type for path parameter 'adTrackingParameters'")
        tag = world.tag(int(found[1]))
        if tag is None:
            raise refusal(404, "RESOURCE_NOT_FOUND", "AdTrackingParameters is not found", 0)
        return {
            "adEntity": {"sponsoredCampaign": f"urn:li:sponsoredCampaign:{found[1]}"},
            "customValueParameters": {"utm_source": "linkedin", "utm_medium": "paid-social", "utm_campaign": tag},
            "dynamicValueParameters": {"utm_content": "CREATIVE_ID"},
        }

    return [
        gate.route("/rest/adAccounts/{account}", account),
        gate.route("/rest/adAccounts/{account}/adCampaignGroups", listing(world.groups)),
        gate.route("/rest/adAccounts/{account}/adCampaigns", listing(world.campaigns)),
        gate.route("/rest/adTrackingParameters/{key}", parameters),
    ]


def _account(world: World, call: Call) -> int:
    number = call.path["account"]
    if not number.isdecimal() or int(number) not in world.accounts():
        raise refusal(404, "RESOURCE_NOT_FOUND", f"Could not find account {number[:40]}", 0)
    return int(number)


def _page(world: World, call: Call, records: list[dict]) -> dict:
    if call.parameters.get("q") != "search":
        raise refusal(400, "QUERY_PARAM_NOT_ALLOWED", "Query parameters did not match any known finder", 0)
    size = call.number("pageSize", DEFAULT_PAGE, MOST)
    token = call.parameters.get("pageToken")
    start = _place(unquote(token)) if token else 0
    records = world.state.faults.pages(VENDOR, records, size)
    more = {"nextPageToken": _token(start + size)} if start + size < len(records) else {}
    return {"elements": records[start : start + size], "metadata": more}


def _token(place: int) -> str:
    return base64.b64encode(f"place:{place}".encode()).decode()


def _place(token: str) -> int:
    try:
        name, _, place = base64.b64decode(token, validate=True).decode().partition(":")
        if name == "place":
            return int(place)
    except (binascii.Error, ValueError):
        pass
    raise invalid("Invalid pageToken")
