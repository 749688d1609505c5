"""Web analytics: what contacts did on the website, and the events that the company defined itself."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.simulator.server.hubspot import catalogue
from ingestion.simulator.server.hubspot.answers import HUB_ID, Gate, answer, invalid, whole_number
from ingestion.simulator.server.hubspot.building import milliseconds
from ingestion.simulator.server.hubspot.company import CUSTOM_EVENTS
from ingestion.simulator.server.hubspot.listing import Listing, newest_first
from ingestion.simulator.server.hubspot.marketing import UTM, page_id, url_with_tags
from ingestion.simulator.server.hubspot.portal import Portal
from ingestion.simulator.server.hubspot.records import iso
from ingestion.simulator.systems import hubspot_guid

VISIT = "e_visited_page"
STANDARD_TYPES = (VISIT, "e_clicked_link", "e_v2_contact_booked_meeting_through_sequence", "e_document_viewed")
MOST_PER_PAGE = 100


def event_type(kind: str) -> str:
    """HubSpot's name for a kind of activity."""
    return VISIT if kind == "page_view" else f"pe{HUB_ID}_{CUSTOM_EVENTS[kind]}"


class Events:
    """The handlers of the events paths."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    async def types(self, _: Request) -> Response:
        """All types of event, whether they occur or not."""
        return answer({"eventTypes": [*STANDARD_TYPES, *(event_type(kind) for kind in CUSTOM_EVENTS)]})

    async def occurrences(self, request: Request) -> Response:
        """Events of contacts, newest first unless `sort=occurredAt`."""
        asked = request.query_params
        size = whole_number(asked.get("limit"), "limit", MOST_PER_PAGE, MOST_PER_PAGE)
        if asked.get("objectId") and not asked.get("objectType"):
            raise invalid("objectType is required when objectId is given")
        if not asked.get("objectType") and not asked.get("eventType"):
            raise invalid("either objectType or eventType is required")
        of = catalogue.object_type(asked["objectType"]) if asked.get("objectType") else "contacts"
        rows = self.portal.at_present("web events", self._rows)
        if of != "contacts":
            return answer({"results": []})
        names = ("objectId", "eventType", "occurredAfter", "occurredBefore", "sort")
        filters = tuple(asked.get(name) for name in names)
        listing = self.portal.at_present(
            ("web events", filters, size, repr(self.portal.state.faults.shares)),
            lambda: self._chosen(rows, filters, size),
        )
        places, after = listing.page(asked.get("after"), size)
        body: dict[str, Any] = {"results": [self._written(rows, place) for place in places]}
        if after:
            link = str(request.url.include_query_params(after=after))
            body["paging"] = {"next": {"after": after, "link": link}}
        return answer(body)

    def _rows(self) -> dict[str, Any]:
        rows = self.portal.activities()
        rows = rows[rows["activity_type"].isin(["page_view", *CUSTOM_EVENTS])]
        numbers = rows["activity_id"].str[1:].astype("int64").to_numpy()
        moments = milliseconds(rows["occurred_at"])
        rows = rows.assign(at=moments, key=newest_first(moments, numbers), type=rows["activity_type"].map(event_type))
        rows = rows.sort_values("key")
        columns = ("activity_id", "contact", "type", "at", "key", "url", "content_id", "campaign_id", "referrer")
        made = {name: rows[name].to_numpy() for name in (*columns, *UTM, "click_id", "outcome")}
        made["by contact"] = pd.Series(range(len(rows))).groupby(made["contact"]).indices
        return made

    def _chosen(self, rows: dict[str, Any], filters: tuple[str | None, ...], size: int) -> Listing:
        contact, kind, after, before, sort = filters
        if contact:
            own = self.portal.records("contacts").merged.get(contact, contact)
            places = rows["by contact"].get(own, np.array([], dtype="int64"))
        else:
            places = np.arange(len(rows["at"]))
        if kind:
            places = places[rows["type"][places] == kind]
        if after:
            places = places[rows["at"][places] >= _moment(after)]
        if before:
            places = places[rows["at"][places] <= _moment(before)]
        keys = rows["key"][places]
        if sort and not sort.startswith("-"):
            places, keys = places[::-1], -keys[::-1]
        return Listing.of(self.portal, places, keys, size)

    def _written(self, rows: dict[str, Any], place: int) -> dict[str, Any]:
        row = {name: rows[name][place] for name in ("url", "click_id", *UTM)}
        told = {
            "hs_url": url_with_tags(row),
            "hs_referrer": rows["referrer"][place],
            "hs_page_id": page_id(rows["content_id"][place]) if isinstance(rows["content_id"][place], str) else None,
            "hs_campaign_guid": (
                hubspot_guid(rows["campaign_id"][place]) if isinstance(rows["campaign_id"][place], str) else None
            ),
            "outcome": rows["outcome"][place],
        }
        if self.portal.has("new_field"):
            told["hs_weather"] = "fair"
        return {
            "objectType": "CONTACT",
            "objectId": rows["contact"][place],
            "eventType": rows["type"][place],
            "occurredAt": iso(rows["at"][place]),
            "id": hubspot_guid(rows["activity_id"][place]),
            "properties": {name: value for name, value in told.items() if isinstance(value, str)},
        }


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"Unable to parse date-time: {text}") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def routes(portal: Portal, gate: Gate) -> list[Route]:
    """The paths of events."""
    events = Events(portal)
    scope = "business-intelligence"
    return [
        Route("/events/v3/events/event-types", gate.guarded(events.types, scope)),
        Route("/events/v3/events", gate.guarded(events.occurrences, scope)),
        Route("/events/v3/events/", gate.guarded(events.occurrences, scope)),
    ]
