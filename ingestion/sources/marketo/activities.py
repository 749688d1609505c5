"""The activity log: all of it by bulk extract at first, then from a place in the log on.

The place is taken before the first file is asked for, so that what is learnt meanwhile, or learnt late, comes with the
log; what comes twice is one record, known by its GUID.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ingestion.faults import Fault
from ingestion.links import query_of, tags_of
from ingestion.pages import Page
from ingestion.sources.marketo.client import ACTIVITY, Client, Refusal
from ingestion.sources.marketo.exports import Place, attributes_of, ranges, read_exports
from ingestion.sources.marketo.moments import read_moment, written_moment
from ingestion.sources.marketo.people import (
    CHANGE_DATA_VALUE,
    LeadFields,
    beginning,
    change_row,
    reread,
)

MOST_TYPES = 10  # of one call
CUSTOM_TYPES_FROM = 100_000
# Kinds that change the person without a change of data value.
CHANGES_PERSON = {"Change Score", "Change Revenue Stage", "Merge Leads"}
MERGE, STATUS = "Merge Leads", "Change Status in Progression"
NOT_IN_PROGRAM = "Not in Program"
# Where an activity names the address that was called, with its query.
QUERIES = ("Query Parameters", "Link", "Page URL")
LANDING_PAGE = re.compile(r'"landing[ _-]?page(?:[ _-]?url)?"\s*[;:]\s*(?:s:\d+:)?"([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True)
class Kinds:
    """The kinds of activity that are read: the name by id."""

    names: Mapping[int, str]

    @classmethod
    def described(cls, client: Client, described: Iterable[Mapping]) -> "Kinds":
        """Those that the settings name, of all that this Marketo has. Raises Fault where it has none of them."""
        wanted = {name.lower() for name in client.settings.activity_types}
        names = {int(kind["id"]): kind["name"] for kind in described if kind["name"].lower() in wanted}
        if not names:
            raise Fault("FUNNELHOUSE_MARKETO_ACTIVITY_TYPES: this Marketo knows none of these kinds of activity.")
        return cls(names)

    @property
    def groups(self) -> list[str]:
        """The ids in groups that one call may ask for; a custom kind is a group of its own, as it may be new."""
        standard = sorted(number for number in self.names if number < CUSTOM_TYPES_FROM)
        chunks = [standard[start : start + MOST_TYPES] for start in range(0, len(standard), MOST_TYPES)]
        chunks += [[number] for number in sorted(self.names) if number >= CUSTOM_TYPES_FROM]
        return [",".join(str(number) for number in chunk) for chunk in chunks]


@dataclass(frozen=True)
class ActivityReader:
    """Reads activities, and what they say of people and memberships."""

    client: Client
    fields: LeadFields
    kinds: Kinds

    def pages(self, cursor: dict | None, bookmark: dict | None) -> Iterator[Page]:
        """From the cursor's places in the log on, one per group of kinds; by files where a group has none yet."""
        tokens: dict[str, str] = dict((bookmark or {}).get("tokens") or (cursor or {}).get("tokens") or {})
        done = list((bookmark or {}).get("done") or [])
        export = (bookmark or {}).get("export")
        missing = [group for group in self.kinds.groups if group not in tokens]
        if export or missing:
            yield from self._by_files(missing, tokens, export)
        for group in self.kinds.groups:
            if group not in done:
                yield from self._by_log(group, tokens, done)
                done.append(group)
        yield Page(cursor={"tokens": {group: tokens[group] for group in self.kinds.groups}})

    def _by_files(self, missing: list[str], tokens: dict[str, str], at: dict | None) -> Iterator[Page]:
        """Everything that the log says of these groups so far; afterwards `tokens` has their places."""
        if not at:
            now = self.client.now()
            start, then = written_moment(beginning(self.client)), self.client.paging_token(now)
            at = {"groups": missing, "start": start, "until": written_moment(now), "then": then, "place": None}
            yield Page(bookmark={"tokens": tokens, "export": at})
        types = [int(number) for group in at["groups"] for number in group.split(",")]
        if len(at["groups"]) == len(self.kinds.groups):
            types.append(CHANGE_DATA_VALUE)
        spans = ranges(read_moment(at["start"]), read_moment(at["until"]))
        requests = [{"filter": {"createdAt": span, "activityTypeIds": types}} for span in spans]
        for rows, place in read_exports(self.client, "activities", ACTIVITY, requests, Place.from_json(at["place"])):
            export = at | {"place": place.as_json()}
            records = [row | {"attributes": attributes_of(row.get("attributes"))} for row in rows]
            yield self._page(records, bookmark={"tokens": tokens, "export": export})
        tokens |= dict.fromkeys(at["groups"], at["then"])
        yield Page(bookmark={"tokens": tokens})

    def _by_log(self, group: str, tokens: dict[str, str], done: list[str]) -> Iterator[Page]:
        while True:
            token = tokens[group]
            try:
                answer = self.client.get(
                    "/rest/v1/activities.json", ACTIVITY, nextPageToken=token, activityTypeIds=group
                )
            except Refusal as refusal:
                if "token" not in refusal.message.lower():
                    raise
                # The place is no longer known: this group is read anew.
                yield from self._by_files([group], tokens, None)
                continue
            tokens[group] = answer["nextPageToken"]
            records = [record | {"attributes": _named(record)} for record in answer.get("result") or []]
            bookmark = {"tokens": dict(tokens), "done": list(done)}
            yield self._page(records, bookmark=bookmark, rereads=True)
            if not answer.get("moreResult"):
                return

    def _page(self, records: list[dict], bookmark: dict, rereads: bool = False) -> Page:
        """A page of activities with the merged people, left programs and changes of which they tell."""
        rows: dict[str, list[dict]] = {"activities": [], "lead_changes": [], "leads": []}
        gone: list[dict] = []
        gone_members: list[dict] = []
        changed: set[int] = set()
        for record in records:
            kind = self.kinds.names.get(int(record["activityTypeId"]))
            attributes = record["attributes"]
            if kind is None:
                rows["lead_changes"] += self._change(record)
                continue
            rows["activities"].append(activity_row(record))
            if kind in CHANGES_PERSON:
                changed.add(int(record["leadId"]))
            if kind == MERGE:
                merged = merged_people(record)
                rows["leads"] += merged
                gone_members += [{"lead_id": person["id"]} for person in merged]
            if kind == STATUS and attributes.get("New Status") == NOT_IN_PROGRAM:
                key = {"program_id": record.get("primaryAttributeValueId"), "lead_id": record["leadId"]}
                gone_members.append(key)
        if rereads and changed:
            found, gone = reread(self.client, self.fields, changed)
            rows["leads"] += found
        return Page(rows=rows, deleted={"leads": gone, "program_members": gone_members}, bookmark=bookmark)

    def _change(self, record: Mapping) -> list[dict]:
        """A change of a field whose changes are kept, as the log of changes tells it."""
        number = record.get("primaryAttributeValueId")
        name = self.fields.name_of_id.get(int(number)) if number else record.get("primaryAttributeValue")
        if name not in self.fields.kept:
            return []
        return [change_row(_guid(record), record["leadId"], record["activityDate"], name, record["attributes"])]


def activity_row(record: Mapping) -> dict:
    """An activity as a file or the API gives it, the same in both: attributes as columns, with what its query says."""
    attributes = record["attributes"]
    row = {name: _scalar(value) for name, value in attributes.items()}
    row |= _tags(attributes)
    found = LANDING_PAGE.search(str(attributes.get("Form Fields") or ""))
    if found:
        row["landing_page"] = found[1]
    return row | {
        "marketoGUID": _guid(record),
        "leadId": record["leadId"],
        "activityDate": record["activityDate"],
        "activityTypeId": record["activityTypeId"],
        "campaignId": record.get("campaignId"),
        "primaryAttributeValueId": record.get("primaryAttributeValueId"),
        "primaryAttributeValue": record.get("primaryAttributeValue"),
    }


def merged_people(record: Mapping) -> list[dict]:
    """The people who are gone by a merge, each with the one they have become."""
    winner = int(record["leadId"])
    merged = re.findall(r"\d+", str(record["attributes"].get("Merge IDs") or ""))
    return [
        {"id": int(number), "mergedIntoLeadId": winner, "createdAt": record["activityDate"], "_is_deleted": True}
        for number in merged
        if int(number) != winner
    ]


def _tags(attributes: Mapping) -> dict[str, str]:
    """UTM tags and the click id, `kind:value`, of the address that was called."""
    for name in QUERIES:
        given = attributes.get(name)
        if not isinstance(given, str) or "=" not in given:
            continue
        return tags_of(query_of(given) if "?" in given else given)
    return {}


def _named(record: Mapping) -> dict:
    return {item["name"]: item.get("value") for item in record.get("attributes") or []}


def _guid(record: Mapping) -> str:
    return str(record.get("marketoGUID") or record["id"])


def _scalar(value: object) -> object:
    """Files type their attributes, the API gives some of them as text: the text is the same."""
    if value is None or value == "":
        return None
    return str(value).lower() if isinstance(value, bool) else value
