"""People: all of them by bulk extract at first, then those of whom the log of changes speaks, and those deleted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.mappings import present_fields
from ingestion.pages import Page, column_name
from ingestion.sources import RawState
from ingestion.sources.marketo.client import ACTIVITY, DATABASE_PAGE, LEAD, Client, Refusal
from ingestion.sources.marketo.exports import Place, ranges, read_exports
from ingestion.sources.marketo.forgotten import keys_of
from ingestion.sources.marketo.moments import read_moment, written_moment

# Changes that are kept beside those of the fields that the playbook maps.
KEPT_CHANGES = ("unsubscribed", "emailOptIn", "leadStatus", "leadScore", "leadRevenueStageId")
CHANGE_DATA_VALUE = 13


@dataclass(frozen=True)
class LeadFields:
    """The fields of people in this Marketo: `names` for the API, names by id, and those whose changes are kept."""

    names: tuple[str, ...]
    name_of_id: Mapping[int, str]
    kept: frozenset[str]

    @classmethod
    def described(
        cls, client: Client, settings: Settings, mapped: Mapping[str, str], notices: list[str]
    ) -> "LeadFields":
        """Ask Marketo. Raises Fault where a company's own playbook maps a field that it does not have."""
        described = client.get("/rest/v1/leads/describe.json", LEAD)["result"]
        name_of_id = {field["id"]: field["rest"]["name"] for field in described if "rest" in field}
        names = tuple(dict.fromkeys(name_of_id.values()))
        mapped = present_fields(settings, "Marketo's lead", mapped, names, notices)
        return cls(names, name_of_id, frozenset({*KEPT_CHANGES, *mapped.values()} & set(names)))


def beginning(client: Client) -> datetime:
    """When this Marketo was set up: its first folders are as old as it is. Raises Fault."""
    if client.settings.since:
        return client.settings.since
    made = [folder["createdAt"] for page in client.assets("/rest/asset/v1/folders.json", maxDepth=1) for folder in page]
    if not made:
        raise Fault("FUNNELHOUSE_MARKETO_SINCE: this Marketo shows no folder to tell its age; set the day to begin at.")
    return min(read_moment(moment) for moment in made)


def lead_pages(client: Client, fields: LeadFields, cursor: dict | None, bookmark: dict | None) -> Iterator[Page]:
    """All people at first; then those that are new or changed, by the log of changes from the cursor's token on."""
    at = bookmark or cursor
    if at and "token" in at:
        try:
            yield from _changed_people(client, fields, at["token"])
            return
        except Refusal as refusal:
            if "token" not in refusal.message.lower():
                raise
            at = None  # the token is no longer valid: everybody is read anew
    yield from _all_people(client, fields, at)


def reread(client: Client, fields: LeadFields, ids: set[int]) -> tuple[list[dict], list[dict]]:
    """These people as they are now, and the keys of those that are no more."""
    found: list[dict] = []
    wanted = sorted(ids)
    for start in range(0, len(wanted), DATABASE_PAGE):
        some = wanted[start : start + DATABASE_PAGE]
        pages = client.listing("/rest/v1/leads.json", LEAD, filterType="id", filterValues=some, fields=fields.names)
        found += [lead_row(record) for page in pages for record in page]
    gone = ids - {int(row["id"]) for row in found}
    return found, [{"id": number} for number in sorted(gone)]


def deleted_pages(client: Client, raw: RawState, cursor: dict | None, bookmark: str | None) -> Iterator[Page]:
    """The keys of people deleted, with those of all that was theirs; at first only a cursor.

    Each load begins where the one before it began: what that one still read of people who were deleted while it ran
    goes now.
    """
    if not cursor:
        token = client.paging_token(client.now())
        yield Page(cursor={"before": token, "token": token})
        return
    token = bookmark or cursor["before"]
    while True:
        try:
            answer = client.get("/rest/v1/activities/deletedleads.json", ACTIVITY, nextPageToken=token)
        except Refusal as refusal:
            if "token" not in refusal.message.lower():
                raise
            token = client.paging_token(client.now())
            yield Page(cursor={"before": token, "token": token})
            return
        gone = [int(record["leadId"]) for record in answer.get("result") or []]
        token = answer["nextPageToken"]
        keys = {
            "leads": [{"id": number} for number in gone],
            "program_members": [{"lead_id": number} for number in gone],
        }
        next_cursor = {"before": cursor["token"], "token": token}
        yield Page(deleted=keys | keys_of(raw, gone), bookmark=token, cursor=next_cursor)
        if not answer.get("moreResult"):
            return


def lead_row(record: Mapping) -> dict:
    """A person as a file or the API gives them, the same in both."""
    return {name: None if value == "" else value for name, value in record.items()}


def change_row(guid: str, lead_id: object, moment: str, field: str, values: Mapping) -> dict:
    """One change of one field, which is named as the column of `leads` is."""
    return {
        "marketoGUID": guid,
        "leadId": lead_id,
        "activityDate": moment,
        "field": column_name(field),
        "oldValue": values.get("Old Value"),
        "newValue": values.get("New Value"),
        "reason": values.get("Reason"),
    }


def _all_people(client: Client, fields: LeadFields, at: dict | None) -> Iterator[Page]:
    if not at:
        now = client.now()
        # What changes from now on is told by the log, what there is already by the files.
        start = written_moment(beginning(client))
        at = {"start": start, "until": written_moment(now), "then": client.paging_token(now), "place": None}
        yield Page(bookmark=at)
    spans = ranges(read_moment(at["start"]), read_moment(at["until"]))
    requests = [{"fields": list(fields.names), "filter": {"createdAt": span}} for span in spans]
    for rows, place in read_exports(client, "leads", LEAD, requests, Place.from_json(at["place"])):
        yield Page(rows={"leads": rows}, bookmark=at | {"place": place.as_json()})
    yield Page(cursor={"token": at["then"]})


def _changed_people(client: Client, fields: LeadFields, token: str) -> Iterator[Page]:
    while True:
        path = "/rest/v1/activities/leadchanges.json"
        answer = client.get(path, ACTIVITY, nextPageToken=token, fields=fields.names)
        records, token = answer.get("result") or [], answer["nextPageToken"]
        found, gone = reread(client, fields, {int(record["leadId"]) for record in records})
        yield Page(
            rows={"leads": found, "lead_changes": [row for record in records for row in _changes(record, fields)]},
            deleted={"leads": gone},
            bookmark={"token": token},
            cursor={"token": token},
        )
        if not answer.get("moreResult"):
            return


def _changes(record: Mapping, fields: LeadFields) -> Iterator[dict]:
    if int(record["activityTypeId"]) != CHANGE_DATA_VALUE:
        return
    reasons = {item["name"]: item.get("value") for item in record.get("attributes") or []}
    for change in record.get("fields") or []:
        if change["name"] in fields.kept:
            values = reasons | {"Old Value": change.get("oldValue"), "New Value": change.get("newValue")}
            guid = record.get("marketoGUID") or str(record["id"])
            yield change_row(guid, record["leadId"], record["activityDate"], change["name"], values)
