"""What the e-mail events API tells beside the events: what was sent as which campaign, and who subscribed or left."""

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.hubspot.answers import APP_ID, HUB_ID, Gate, answer, not_found, whole_number
from ingestion.simulator.server.hubspot.listing import Listing
from ingestion.simulator.server.hubspot.marketing import EMAIL_APP, SUBSCRIPTIONS, Marketing
from ingestion.simulator.server.hubspot.portal import Portal

MARKETING_EMAIL = SUBSCRIPTIONS["marketing_email"][1]


class Mailings:
    """The handlers of `/email/public/v1` that are not the events themselves."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.marketing = Marketing(portal)

    def _campaigns(self) -> list[dict[str, Any]]:
        return [
            {
                "id": int(email["primaryEmailCampaignId"]),
                "appId": APP_ID,
                "appName": EMAIL_APP,
                "contentId": int(email["id"]),
                "name": email["name"],
                "subject": email["subject"],
                "type": "BATCH_EMAIL",
            }
            for email in self.marketing.written_emails()
        ]

    async def campaigns(self, request: Request) -> Response:
        """The campaigns that marketing e-mails were sent as, in little."""
        size = whole_number(request.query_params.get("limit"), "limit", 10, 1000)
        start = whole_number(request.query_params.get("offset"), "offset", 0, 10**9, least=0)
        rows = [{name: row[name] for name in ("id", "appId", "appName")} for row in self._campaigns()]
        end = start + size
        return answer({"hasMore": end < len(rows), "offset": str(end), "campaigns": rows[start:end]})

    async def campaign(self, request: Request) -> Response:
        """One of them, with what became of it."""
        for campaign in self._campaigns():
            if str(campaign["id"]) == request.path_params["id"]:
                events = self.marketing.sent()
                kinds, counts = np.unique(
                    events["type"][events["email_campaign"] == campaign["id"]].astype(str), return_counts=True
                )
                counters = dict(zip((kind.lower() for kind in kinds.tolist()), counts.tolist(), strict=True))
                return answer(campaign | {"counters": counters, "numIncluded": counters.get("sent", 0), "numQueued": 0})
        raise not_found()

    async def timeline(self, request: Request) -> Response:
        """When an address subscribed to marketing e-mail or left, newest first."""
        asked = request.query_params
        size = whole_number(asked.get("limit"), "limit", 10, 1000)
        events = self.marketing.sent()
        chosen = events["status"] != ""
        if start := asked.get("startTimestamp"):
            chosen &= events["created"] >= whole_number(start, "startTimestamp", 0, 2**62, least=0)
        if end := asked.get("endTimestamp"):
            chosen &= events["created"] <= whole_number(end, "endTimestamp", 0, 2**62, least=0)
        if recipient := asked.get("recipient"):
            chosen &= events["recipient"] == recipient
        positions = np.flatnonzero(chosen)
        places, after = Listing.of(self.portal, positions, events["key"][positions], size).page(
            asked.get("offset"), size
        )
        timeline = [
            {
                "timestamp": int(events["created"][place]),
                "recipient": events["recipient"][place],
                "portalId": HUB_ID,
                "changes": [
                    {
                        "change": events["status"][place],
                        "source": "SOURCE_RECIPIENT",
                        "portalId": HUB_ID,
                        "changeType": "SUBSCRIPTION_STATUS",
                        "subscriptionId": MARKETING_EMAIL,
                        "causedByEvent": {"id": events["id"][place], "created": int(events["created"][place])},
                    }
                ],
            }
            for place in places
        ]
        return answer({"hasMore": after is not None, "offset": after or "", "timeline": timeline})


def routes(portal: Portal, gate: Gate) -> list[Route]:
    """The paths of this part."""
    mailings, base = Mailings(portal), "/email/public/v1"
    return [
        Route(f"{base}/campaigns", gate.guarded(mailings.campaigns, "content")),
        Route(f"{base}/campaigns/by-id", gate.guarded(mailings.campaigns, "content")),
        Route(f"{base}/campaigns/{{id}}", gate.guarded(mailings.campaign, "content")),
        Route(f"{base}/subscriptions/timeline", gate.guarded(mailings.timeline, "content")),
    ]
