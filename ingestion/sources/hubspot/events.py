"""What people did and received: web events, and what became of each marketing e-mail.

HubSpot learns of some events late, and ascribes what an anonymous visitor did to a contact as soon as it recognises
them, back to months before. So the last days are read again, and all events of the contacts that were created, merged
or seen on the website since.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ingestion.links import CLICK_IDS
from ingestion.pages import Page, Stream
from ingestion.sources.hubspot.client import Client, next_page
from ingestion.sources.hubspot.crm import Crm, CrmObject, moment, since, written
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.hubspot.tables import TAGS

WEB_PAGE_SIZE, EMAIL_PAGE_SIZE = 100, 1_000
OWN_EVENT = "pe"
CONTACTS = CrmObject("contacts", ("hs_object_id",))


class Events:
    """Streams of events."""

    def __init__(self, client: Client, settings: HubSpotSettings, crm: Crm) -> None:
        self.client = client
        self.settings = settings
        self.crm = crm

    def web(self) -> Stream:
        """Events on the website and of the company's own making; its cursor has a moment per type of event."""
        return Stream("web_events", self._web)

    def emails(self) -> Stream:
        """What became of marketing e-mails."""
        return Stream("email_events", self._emails)

    def _web(self, cursor: Any, bookmark: Any) -> Iterator[Page]:
        cursor = cursor or {"types": {}, "contacts": None}
        types = self._types()
        state = bookmark or {
            "newest": cursor["types"],
            "contacts": self.crm.newest_modification(CONTACTS),
            "done": [],
            "after": None,
            "position": None,
        }
        for kind in types:
            if kind in state["done"]:
                continue
            begin = since(cursor["types"].get(kind), self.settings.look_back)
            while True:
                answer = self._occurrences(
                    objectType="contact",
                    eventType=kind,
                    occurredAfter=written(begin) if begin else None,
                    after=state["after"],
                )
                newest = _newest(answer["results"], "occurredAt", state["newest"].get(kind))
                state |= {"newest": state["newest"] | ({kind: newest} if newest else {}), "after": next_page(answer)}
                if state["after"] is None:
                    state |= {"done": [*state["done"], kind]}
                    break
                yield Page(_web_rows(answer["results"]), bookmark=state)
            yield Page(_web_rows(answer["results"]), bookmark=state)
        if cursor["contacts"]:
            yield from self._of_recognised_contacts(cursor["contacts"], set(types), state)
        told = {"types": state["newest"], "contacts": state["contacts"] or cursor["contacts"]}
        yield Page(bookmark=None, cursor=told)

    def _of_recognised_contacts(self, last: str, types: set[str], state: dict[str, Any]) -> Iterator[Page]:
        begin = written(moment(last) - self.settings.overlap)
        recognised = [
            [{"propertyName": "createdate", "operator": "GTE", "value": begin}],
            [{"propertyName": "hs_analytics_last_timestamp", "operator": "GTE", "value": begin}],
            [{"propertyName": "hs_calculated_merged_vids", "operator": "HAS_PROPERTY"}],
        ]
        for found, following in self.crm.search(CONTACTS, begin, state["position"], recognised):
            for contact in dict.fromkeys(record["id"] for record in found):
                after = None
                while True:
                    answer = self._occurrences(objectType="contact", objectId=contact, after=after)
                    results = [event for event in answer["results"] if event["eventType"] in types]
                    after = next_page(answer)
                    if results:
                        yield Page(_web_rows(results), bookmark=state)
                    if after is None:
                        break
            state |= {"position": following}
            yield Page(bookmark=state)

    def _types(self) -> list[str]:
        known = self.client.get("/events/v3/events/event-types").get("eventTypes") or []
        return [kind for kind in known if kind in self.settings.event_types or kind.startswith(OWN_EVENT)]

    def _occurrences(self, **asked: Any) -> dict[str, Any]:
        return self.client.get("/events/v3/events", limit=WEB_PAGE_SIZE, **asked)

    def _emails(self, cursor: Any, bookmark: Any) -> Iterator[Page]:
        state = bookmark or {"newest": cursor, "offset": None}
        begin = None if cursor is None else cursor - round(self.settings.look_back.total_seconds() * 1000)
        while True:
            answer = self.client.get(
                "/email/public/v1/events",
                limit=EMAIL_PAGE_SIZE,
                startTimestamp=begin,
                offset=state["offset"],
                excludeFilteredEvents="true",
            )
            events = answer["events"]
            created = [event["created"] for event in events]
            newest = max([state["newest"] or 0, *created]) or None
            has_more = bool(answer.get("hasMore"))
            state = {"newest": newest, "offset": answer.get("offset")}
            rows = {
                "email_events": [event | address_parts(event.get("url")) for event in events],
                "subscription_changes": [row for event in events for row in subscription_changes(event)],
            }
            yield Page(rows, bookmark=state if has_more else None, cursor=None if has_more else newest)
            if not has_more:
                return


def _web_rows(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {"web_events": [web_event(event) for event in events]}


def web_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event as one row, with the parts of the address that are needed."""
    outside = {name: value for name, value in event.items() if name != "properties"}
    properties = event.get("properties") or {}
    return {**properties, **address_parts(properties.get("hs_url")), **outside}


def address_parts(address: str | None) -> dict[str, str | None]:
    """The address without its query, its UTM tags, and the click id as `name:value`; as it is where it is none."""
    if not address:
        return {}
    try:
        parts = urlsplit(address)
    except ValueError:  # a placeholder that nobody filled in: http://[domain]/
        return {"url": address}
    query = dict(parse_qsl(parts.query))
    tags = {name: query.get(name) for name in TAGS if name != "click_id"}
    click = next((f"{name}:{query[name]}" for name in CLICK_IDS if name in query), None)
    return {"url": urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), **tags, "click_id": click}


def subscription_changes(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per kind of subscription that an event of type STATUSCHANGE changed."""
    for change in event.get("subscriptions") or []:
        told = {name: value for name, value in change.items() if name != "id"}
        yield {
            "event_id": event["id"],
            "subscription_id": change["id"],
            "recipient": event.get("recipient"),
            "changed_at": event["created"],
            **told,
        }


def _newest(events: list[dict[str, Any]], name: str, known: str | None) -> str | None:
    moments = [event[name] for event in events] + ([known] if known else [])
    return max(moments, key=moment, default=None)
