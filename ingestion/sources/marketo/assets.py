"""What marketing made in Marketo: programs with costs and members, smart campaigns, e-mails, forms, pages."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ingestion.pages import Page
from ingestion.sources.marketo.client import ASSETS, CAMPAIGN, LEAD, Client, Refusal
from ingestion.sources.marketo.exports import LONGEST_RANGE, Place, read_exports
from ingestion.sources.marketo.moments import read_moment, written_moment

MOST_PROGRAMS = 10  # of one export
MEMBER_FIELDS = (
    *("leadId", "programId", "statusName", "membershipDate", "reachedSuccess", "reachedSuccessDate", "acquiredBy"),
    "updatedAt",
)
UNSUPPORTED_FILTER = "1035"
COST_MONTHS = 36  # before a program was made and after it was last changed, for which it may have costs
MOMENTS = ("createdAt", "updatedAt", "startDate", "endDate")


def programs(client: Client) -> list[dict]:
    """All programs without their costs and tags."""
    return [program for page in client.assets("/rest/asset/v1/programs.json") for program in page]


def program_pages(client: Client, listed: list[dict], cursor: str | None) -> Iterator[Page]:
    """Every program is named; those changed since the cursor come with tags and costs, one call each."""
    yield Page(present={"programs": [{"id": program["id"]} for program in listed]}, cursor=cursor)
    changed = [program for program in listed if not cursor or program["updatedAt"] >= cursor]
    for program in sorted(changed, key=lambda program: program["updatedAt"]):
        found = client.get(f"/rest/asset/v1/program/{program['id']}.json", ASSETS).get("result") or []
        for record in found:
            row, costs, gone = program_rows(record, client.settings.currency)
            yield Page(
                rows={"programs": [row], "program_costs": costs},
                deleted={"program_costs": gone},
                cursor=program["updatedAt"],
            )


def program_rows(record: Mapping, currency: str | None) -> tuple[dict, list[dict], list[dict]]:
    """A program, its costs by month, and the keys of months that cost nothing (any more)."""
    row = asset_row({name: value for name, value in record.items() if name not in ("costs", "tags")})
    row |= {f"tag_{tag['tagType']}": tag.get("tagValue") for tag in record.get("tags") or []}
    costs: dict[str, float] = {}
    for cost in record.get("costs") or []:
        month = f"{cost['startDate'][:7]}-01"
        costs[month] = costs.get(month, 0.0) + float(cost["cost"])
    months = _months(read_moment(record["createdAt"]), read_moment(record["updatedAt"]))
    return (
        row,
        [
            {"program_id": record["id"], "start_date": month, "cost": cost, "currency": currency}
            for month, cost in sorted(costs.items())
        ],
        [{"program_id": record["id"], "start_date": month} for month in months if month not in costs],
    )


def asset_pages(client: Client, path: str, table: str) -> Iterator[Page]:
    """A listing of assets, whole."""
    for page in client.assets(path):
        yield Page(rows={table: [asset_row(record) for record in page]})


def campaign_pages(client: Client) -> Iterator[Page]:
    """Smart campaigns, whole: the mails of a program are sent by one of them."""
    for page in client.listing("/rest/v1/campaigns.json", CAMPAIGN):
        yield Page(rows={"campaigns": page})


def asset_row(record: Mapping) -> dict:
    """An asset with its program, if it lies in one, and moments in one spelling."""
    row = dict(record)
    for name in MOMENTS:
        if isinstance(row.get(name), str):
            row[name] = row[name].replace("Z+0000", "Z")
    folder = record.get("folder") or {}
    if folder.get("type") == "Program":
        row["programId"] = folder.get("id") or folder.get("value")
    return row


def member_pages(client: Client, program_ids: list[int], cursor: str | None, bookmark: dict | None) -> Iterator[Page]:
    """Memberships in programs, changed since the cursor; all of them at first, or where Marketo cannot filter them."""
    if not program_ids:
        return
    at = bookmark
    if at is None:
        fields = {field["name"] for field in _described(client)}
        at = {
            "fields": [name for name in MEMBER_FIELDS if name in fields],
            "since": cursor,
            "until": written_moment(client.now()),
            "place": None,
        }
    try:
        yield from _members(client, program_ids, at)
    except Refusal as refusal:
        if refusal.code != UNSUPPORTED_FILTER:
            raise
        yield from _members(client, program_ids, at | {"since": None, "place": None})


def _members(client: Client, program_ids: list[int], at: dict) -> Iterator[Page]:
    changed = {}
    if at["since"] and read_moment(at["until"]) - read_moment(at["since"]) < LONGEST_RANGE:
        # Memberships may be written down a little later than they are dated.
        since = max(read_moment(at["since"]) - timedelta(hours=1), read_moment(at["until"]) - LONGEST_RANGE)
        changed = {"updatedAt": {"startAt": written_moment(since), "endAt": at["until"]}}
    some = [program_ids[start : start + MOST_PROGRAMS] for start in range(0, len(program_ids), MOST_PROGRAMS)]
    requests = [{"fields": at["fields"], "filter": {"programIds": ids, **changed}} for ids in some]
    for rows, place in read_exports(client, "program/members", LEAD, requests, Place.from_json(at["place"])):
        yield Page(rows={"program_members": rows}, bookmark=at | {"place": place.as_json()})
    yield Page(cursor=at["until"])


def _described(client: Client) -> list[dict]:
    return client.get("/rest/v1/programs/members/describe.json", LEAD)["result"][0]["fields"]


def _months(made_at: datetime, changed_at: datetime) -> list[str]:
    first = made_at.year * 12 + made_at.month - 1 - COST_MONTHS
    last = changed_at.year * 12 + changed_at.month - 1 + COST_MONTHS
    return [f"{month // 12}-{month % 12 + 1:02}-01" for month in range(first, last + 1)]
