"""The CRM's objects: everything the first time, then what was modified, and what has gone.

A first load lists all records. Later ones ask the search endpoint for what was modified since, in the order of
modification, and read those records with the history of their properties; then all ids are listed, since a record that
was erased or merged away is named nowhere else, and the archived records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion.faults import Fault
from ingestion.pages import Page, Stream
from ingestion.sources.hubspot.client import Client, next_page
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.hubspot.tables import ENGAGEMENTS, HISTORY_TABLES

LISTING_SIZE, LISTING_SIZE_WITH_HISTORY, SEARCH_SIZE, BATCH_SIZE = 100, 50, 200, 50
MOST_RESULTS = 10_000
ASSOCIATION_BATCH = 1_000
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class CrmObject:
    """What is read of one object: its properties, and those whose history is read as well."""

    name: str
    properties: tuple[str, ...]
    with_history: tuple[str, ...] = ()

    @property
    def modified(self) -> str:
        return "lastmodifieddate" if self.name == "contacts" else "hs_lastmodifieddate"

    @property
    def path(self) -> str:
        return f"/crm/v3/objects/{self.name}"


class Crm:
    """Reads CRM objects as streams of pages."""

    def __init__(self, client: Client, settings: HubSpotSettings) -> None:
        self.client = client
        self.settings = settings

    def stream(self, crm_object: CrmObject) -> Stream:
        """All that is new of an object, and its archived records."""

        def pages(cursor: Any, bookmark: Any) -> Iterator[Page]:
            phase = bookmark["phase"] if bookmark else "all" if cursor is None else "changed"
            if phase == "all":
                yield from self._all(crm_object, bookmark or {})
            elif phase == "changed":
                yield from self._changed(crm_object, cursor, bookmark)
            yield from self._archived(crm_object, bookmark if phase == "archived" else {})

        return Stream(crm_object.name, pages)

    def ids(self, name: str) -> Stream:
        """The ids of all live records of an object: what is not among them, and not archived, has vanished."""

        def pages(cursor: Any, bookmark: Any) -> Iterator[Page]:
            path = f"/crm/v3/objects/{name}"
            for records, after in self.client.listing(path, bookmark, limit=LISTING_SIZE, properties="hs_object_id"):
                yield Page(present={name: [{"id": record["id"]} for record in records]}, bookmark=after)

        return Stream(f"{name}_ids", pages, whole=(name,))

    def count(self, name: str) -> int:
        """How many live records HubSpot counts of an object."""
        return self.client.post(f"/crm/v3/objects/{name}/search", {"limit": 1})["total"]

    def newest_modification(self, crm_object: CrmObject) -> str | None:
        """When the object's last modified record was modified; None where there is none."""
        body = {
            "sorts": [{"propertyName": crm_object.modified, "direction": "DESCENDING"}],
            "properties": [crm_object.modified],
            "limit": SEARCH_SIZE,
        }
        results = self.client.post(f"{crm_object.path}/search", body)["results"]
        return max((record["properties"][crm_object.modified] for record in results), key=moment, default=None)

    def search(
        self,
        crm_object: CrmObject,
        since: str,
        position: dict[str, Any] | None,
        conditions: list[list[dict]] | None = None,
    ) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
        """Records modified since, page by page, each with the position after it.

        A search gives no more than 10,000 results: the next one begins at the last one's moment, and where all of them
        were modified in one moment it goes on by id. What is modified while the search is read is news for the next
        load; `conditions` are alternatives, each a list of filters.
        """
        position = position or {"since": since, "until": self.newest_modification(crm_object), "after": None}
        while position is not None and position["until"] is not None:
            body = self._search_body(crm_object, position, conditions)
            answer = self.client.post(f"{crm_object.path}/search", body)
            left = position.get("total", answer["total"]) - answer["total"]
            if left > 0:
                # A record that is modified meanwhile leaves the results, and all behind it have moved up.
                after = max(int(position["after"]) - left, 0)
                position |= {"after": str(after), "total": answer["total"]}
                continue
            position = self._next_position(crm_object, position, answer)
            yield answer["results"], position

    def _search_body(
        self, crm_object: CrmObject, position: dict[str, Any], conditions: list[list[dict]] | None
    ) -> dict[str, Any]:
        modified = crm_object.modified
        if "id" in position:
            own = [
                {"propertyName": modified, "operator": "EQ", "value": position["since"]},
                {"propertyName": "hs_object_id", "operator": "GT", "value": position["id"]},
            ]
            order = "hs_object_id"
        else:
            operator = "GT" if position.get("is_done") else "GTE"
            own = [
                {"propertyName": modified, "operator": operator, "value": position["since"]},
                {"propertyName": modified, "operator": "LTE", "value": position["until"]},
            ]
            order = modified
        return {
            "filterGroups": [{"filters": [*own, *others]} for others in conditions or [[]]],
            "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
            "properties": list(dict.fromkeys([*crm_object.properties, modified, "hs_object_id"])),
            "limit": SEARCH_SIZE,
            "after": position["after"] or 0,
        }

    def _next_position(
        self, crm_object: CrmObject, position: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any] | None:
        after, results = next_page(answer), answer["results"]
        anew = {"since": position["since"], "until": position["until"], "after": None}
        if after is not None and int(after) + SEARCH_SIZE <= MOST_RESULTS:
            return position | {"after": after, "total": answer["total"]}
        if after is None:
            given = int(position["after"] or 0) + len(results)
            if given < answer["total"]:
                raise Fault(
                    f"HubSpot: the search for {crm_object.name} counts {answer['total']:,} records and gave {given:,}; "
                    "nothing of this load is kept. Load again later."
                )
            # A moment that was read by id is followed by what was modified later.
            return anew | {"is_done": True} if "id" in position else None
        order = [int(record["id"]) for record in results]
        if "id" not in position:
            order = [moment(record["properties"][crm_object.modified]) for record in results]
        if order != sorted(order):
            raise Fault(f"HubSpot: the search for {crm_object.name} gives its results out of order; try later.")
        if "id" in position:
            return anew | {"id": str(order[-1])}
        last = results[-1]["properties"][crm_object.modified]
        if moment(last) == moment(position["since"]) and not position.get("is_done"):
            return anew | {"id": "0"}
        return anew | {"since": last}

    def _all(self, crm_object: CrmObject, bookmark: dict[str, Any]) -> Iterator[Page]:
        # What is modified while the listing is read is news for the next load.
        begins_at = bookmark.get("cursor") or self.newest_modification(crm_object)
        listing = self.client.listing(
            crm_object.path,
            bookmark.get("after"),
            limit=LISTING_SIZE_WITH_HISTORY if crm_object.with_history else LISTING_SIZE,
            properties=",".join(crm_object.properties),
            propertiesWithHistory=",".join(crm_object.with_history) or None,
        )
        for records, after in listing:
            following = _bookmark("all", after=after, cursor=begins_at) if after else _bookmark("archived")
            yield self._page(crm_object, records, following, begins_at)

    def _changed(self, crm_object: CrmObject, cursor: str, bookmark: Any) -> Iterator[Page]:
        position, newest = None, cursor
        if bookmark:
            position, newest = bookmark["position"], bookmark["newest"]
        since = written(moment(cursor) - self.settings.overlap)
        for found, following in self.search(crm_object, since, position):
            newest = max([newest, *(record["properties"][crm_object.modified] for record in found)], key=moment)
            records = self._with_history(crm_object, [record["id"] for record in found])
            records = found if records is None else records
            going_on = _bookmark("changed", position=following, newest=newest) if following else _bookmark("archived")
            yield self._page(crm_object, records, going_on, None if following else newest)

    def _with_history(self, crm_object: CrmObject, ids: list[str]) -> list[dict[str, Any]] | None:
        """The records with their histories; None where none is wanted."""
        if not crm_object.with_history:
            return None
        records = []
        for start in range(0, len(ids), BATCH_SIZE):
            body = {
                "inputs": [{"id": own} for own in ids[start : start + BATCH_SIZE]],
                "properties": list(crm_object.properties),
                "propertiesWithHistory": list(crm_object.with_history),
            }
            records += self.client.post(f"{crm_object.path}/batch/read", body)["results"]
        return records

    def _archived(self, crm_object: CrmObject, bookmark: dict[str, Any]) -> Iterator[Page]:
        listing = self.client.listing(
            crm_object.path,
            bookmark.get("after"),
            limit=LISTING_SIZE,
            archived="true",
            properties=",".join(crm_object.properties),
        )
        for records, after in listing:
            rows: Rows = {crm_object.name: [flat(record) | {"_is_deleted": True} for record in records]}
            if crm_object.name == "contacts":
                rows["contact_emails"] = [row for record in records for row in contact_emails(record)]
            yield Page(rows, bookmark=_bookmark("archived", after=after) if after else None)

    def _page(self, crm_object: CrmObject, records: list[dict], bookmark: Any, cursor: Any) -> Page:
        rows: Rows = {crm_object.name: [flat(record) for record in records]}
        deleted: Rows = {}
        if crm_object.name in ("contacts", "companies"):
            rows[crm_object.name] += [row for record in records for row in merged_away(record)]
        if crm_object.with_history:
            rows[HISTORY_TABLES[crm_object.name]] = [row for record in records for row in history(record)]
        if crm_object.name == "contacts":
            rows["contact_emails"] = [row for record in records for row in contact_emails(record)]
            deleted["contact_emails"] = [{"contact_id": record["id"]} for record in records]
            merged = [record["id"] for record in records if list(merged_ids(record))]
            self._add_associations_of_merged(merged, rows)
        elif crm_object.name == "deals":
            self._add_deal_contacts([record["id"] for record in records], rows, deleted)
        elif crm_object.name in ENGAGEMENTS:
            self._add_engagement_contacts(crm_object.name, [record["id"] for record in records], rows, deleted)
        return Page(rows, deleted, bookmark=bookmark, cursor=cursor)

    def _add_deal_contacts(self, deals: list[str], rows: Rows, deleted: Rows) -> None:
        found = self._associations("deals", "contacts", deals)
        rows["deal_contacts"] = [deal_contact(deal, contact, types) for deal, contact, types in found]
        deleted["deal_contacts"] = [{"deal_id": deal} for deal in deals]

    def _add_engagement_contacts(self, kind: str, engagements: list[str], rows: Rows, deleted: Rows) -> None:
        found = self._associations(kind, "contacts", engagements)
        rows["engagement_contacts"] = [
            {"engagement_id": own, "contact_id": contact, "engagement_type": kind} for own, contact, _ in found
        ]
        deleted["engagement_contacts"] = [{"engagement_id": own} for own in engagements]

    def _add_associations_of_merged(self, contacts: list[str], rows: Rows) -> None:
        """What belonged to a contact that was merged away belongs to another one now, without being modified."""
        if not contacts:
            return
        rows["deal_contacts"] = [
            deal_contact(deal, contact, types)
            for contact, deal, types in self._associations("contacts", "deals", contacts)
        ]
        rows["engagement_contacts"] = [
            {"engagement_id": own, "contact_id": contact, "engagement_type": kind}
            for kind in ENGAGEMENTS
            for contact, own, _ in self._associations("contacts", kind, contacts)
        ]

    def _associations(self, of: str, to: str, ids: list[str]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
        for start in range(0, len(ids), ASSOCIATION_BATCH):
            inputs = [{"id": own} for own in ids[start : start + ASSOCIATION_BATCH]]
            answer = self.client.post(f"/crm/v4/associations/{of}/{to}/batch/read", {"inputs": inputs})
            for result in answer.get("results", []):
                own = str(result["from"]["id"])
                for other in result["to"]:
                    yield own, str(other["toObjectId"]), other.get("associationTypes") or []
                after = next_page(result)
                while after is not None:  # one record may be associated with more than fit into the answer
                    path = f"/crm/v4/objects/{of}/{own}/associations/{to}"
                    more = self.client.get(path, limit=500, after=after)
                    for other in more["results"]:
                        yield own, str(other["toObjectId"]), other.get("associationTypes") or []
                    after = next_page(more)


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record as one row: its properties beside `id` and whatever else HubSpot says of it."""
    outside = {
        name: value
        for name, value in record.items()
        if name not in ("properties", "propertiesWithHistory", "associations")
    }
    return {**(record.get("properties") or {}), **outside}


def history(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per value that a property has had; `sequence` keeps apart those of one moment, in their order."""
    for name, versions in (record.get("propertiesWithHistory") or {}).items():
        last, sequence = None, 0
        for version in reversed(versions):
            sequence = sequence + 1 if version["timestamp"] == last else 0
            last = version["timestamp"]
            told = {key: value for key, value in version.items() if key != "timestamp"}
            yield {
                "object_id": record["id"],
                "property": name,
                "changed_at": last,
                "sequence": sequence,
                **told,
            }


def merged_ids(record: dict[str, Any]) -> Iterator[str]:
    """The ids of the records that were merged into this one."""
    properties = record.get("properties", {})
    named = [part for part in (properties.get("hs_merged_object_ids") or "").split(";") if part]
    dated = [part.split(":")[0] for part in (properties.get("hs_calculated_merged_vids") or "").split(";") if part]
    yield from dict.fromkeys(own.strip() for own in [*named, *dated] if own.strip() != record["id"])


def merged_away(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each record that was merged into this one: HubSpot itself has none any more."""
    for own in merged_ids(record):
        yield {
            "id": own,
            "merged_into_id": record["id"],
            "createdate": record["properties"].get("createdate"),
            "created_at": record.get("createdAt"),
            "_is_deleted": True,
        }


def addresses(contact: dict[str, Any]) -> list[str]:
    """All e-mail addresses of a contact; those of contacts that were merged into it are among them."""
    properties = contact["properties"]
    named = [properties.get("email"), *(properties.get("hs_additional_emails") or "").split(";")]
    return [address.strip().lower() for address in named if address and address.strip()]


def contact_emails(contact: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row per e-mail address of a contact: events and submissions name people by nothing else."""
    for address in dict.fromkeys(addresses(contact)):
        yield {"contact_id": contact["id"], "email": address}


def deal_contact(deal: str, contact: str, types: list[dict[str, Any]]) -> dict[str, Any]:
    """A person on a deal; a label that begins with `Primary` says who leads, the others are roles."""
    labels = [str(kind["label"]) for kind in types if kind.get("label")]
    roles = [label for label in labels if not label.lower().startswith("primary")]
    return {
        "deal_id": deal,
        "contact_id": contact,
        "role": "; ".join(roles) or None,
        "is_primary": len(roles) < len(labels),
    }


def moment(text: str) -> datetime:
    """A date-time of HubSpot's."""
    return datetime.fromisoformat(text)


def written(when: datetime) -> str:
    """A date-time as HubSpot takes it in filters."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def since(cursor: str | None, look_back: timedelta) -> datetime | None:
    """From when on events are read again; None for all."""
    return None if cursor is None else moment(cursor) - look_back


def _bookmark(phase: str, **more: Any) -> dict[str, Any]:
    return {"phase": phase, **more}
