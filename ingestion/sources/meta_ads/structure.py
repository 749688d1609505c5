"""What an ad account has: campaigns, ad sets, and ads with the tag that their landing pages are called with."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ingestion.faults import Fault
from ingestion.pages import Page
from ingestion.sources.meta_ads.client import VENDOR, Client, Refusal
from ingestion.sources.meta_ads.settings import PREFIX

ACCOUNT_FIELDS = "account_id,name,currency,timezone_name,account_status,created_time"
INVALID_PARAMETER, NO_SUCH_OBJECT = 100, 33
_STATUSES = ["ACTIVE", "PAUSED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"]
_AD_STATUSES = ["ADSET_PAUSED", "DISAPPROVED", "PENDING_REVIEW", "PREAPPROVED", "PENDING_BILLING_INFO"]
_SCHEDULE = "name,status,effective_status,created_time,updated_time,start_time,lifetime_budget,daily_budget"
# The edge of each table, how many rows a page has, the fields, and the states that Meta would else leave out.
EDGES = {
    "campaigns": ("campaigns", 200, f"id,objective,stop_time,{_SCHEDULE}", _STATUSES),
    "ad_sets": ("adsets", 200, f"id,campaign_id,end_time,{_SCHEDULE}", [*_STATUSES, "CAMPAIGN_PAUSED"]),
    "ads": (
        "ads",
        100,
        "id,campaign_id,adset_id,name,status,effective_status,created_time,updated_time,"
        "creative{id,url_tags,object_story_spec{link_data{link},video_data{call_to_action}}}",
        [*_STATUSES, "CAMPAIGN_PAUSED", *_AD_STATUSES],
    ),
}


def account_row(client: Client, account_id: int) -> dict:
    """The account; its id is the number alone. Raises Fault where there is none."""
    try:
        return client.get(f"act_{account_id}", fields=ACCOUNT_FIELDS) | {"id": account_id}
    except Refusal as refusal:
        if refusal.subcode != NO_SUCH_OBJECT:
            raise
        raise Fault(
            f"{PREFIX}ACCOUNT_IDS: {VENDOR} shows no ad account {account_id} to this token; correct the number, or "
            "assign the account to the system user."
        ) from refusal


def structure_pages(client: Client, account_id: int, table: str, after: str | None) -> Iterator[Page]:
    """All records of a table that an account has; what is not among them has been deleted."""
    edge, size, fields, statuses = EDGES[table]
    path = f"act_{account_id}/{edge}"
    pages = client.listing(path, size, after, fields=fields, effective_status=statuses)
    try:
        yield from _pages(pages, table, account_id)
    except Refusal as refusal:
        if after is None or refusal.code != INVALID_PARAMETER:
            raise
        # The place where a load broke off is no longer known.
        pages = client.listing(path, size, None, fields=fields, effective_status=statuses)
        yield from _pages(pages, table, account_id)
    yield Page(deleted={table: [{"account_id": account_id}]})


def _pages(pages: Iterator[tuple[list[dict], str | None]], table: str, account_id: int) -> Iterator[Page]:
    for records, after in pages:
        rows = [_row(record, account_id, table) for record in records]
        yield Page(rows={table: rows}, bookmark=after)


def _row(record: Mapping[str, Any], account_id: int, table: str) -> dict:
    row = {**record, "account_id": account_id}
    return row | {"utm_campaign": utm_campaign(record.get("creative") or {})} if table == "ads" else row


def utm_campaign(creative: Mapping[str, Any]) -> str | None:
    """The value of utm_campaign that an ad's clicks bring: of its tags, else of the address that it leads to.

    It may hold names for Meta to fill in, such as `{{campaign.name}}`.
    """
    story = creative.get("object_story_spec") or {}
    call = (story.get("video_data") or {}).get("call_to_action") or {}
    link = (story.get("link_data") or {}).get("link") or (call.get("value") or {}).get("link") or ""
    for query in (creative.get("url_tags") or "", _query(link)):
        found = parse_qs(query.lstrip("?")).get("utm_campaign")
        if found:
            return found[0]
    return None


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # an address that nobody could call
        return ""
