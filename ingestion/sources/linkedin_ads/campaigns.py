"""What an ad account is and has: campaign groups, and campaigns with the parameters that they add to a landing page."""

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.faults import Fault
from ingestion.pages import Page
from ingestion.sources.linkedin_ads.client import BAD_REQUEST, NOT_FOUND, VENDOR, Client, Refusal, number_of, urn
from ingestion.sources.linkedin_ads.settings import PREFIX

# One call per campaign of a page for its parameters: a break costs no more than a page of them.
GROUPS_PAGE, CAMPAIGNS_PAGE = 1_000, 100


def account_row(client: Client, account_id: int) -> dict:
    """The account. Raises Fault where there is none."""
    try:
        return client.get(f"/rest/adAccounts/{account_id}")
    except Refusal as refusal:
        if refusal.status != NOT_FOUND:
            raise
        raise Fault(f"{PREFIX}ACCOUNT_IDS: {VENDOR} has no ad account {account_id}; correct the number.") from refusal


def group_pages(client: Client, account_id: int, token: str | None) -> Iterator[Page]:
    """All campaign groups of an account; what is not among them has been deleted."""
    for records, following in client.listing(f"/rest/adAccounts/{account_id}/adCampaignGroups", GROUPS_PAGE, token):
        rows = [_row(record, account_id) for record in records]
        yield Page(rows={"campaign_groups": rows}, bookmark=following)
    yield Page(deleted={"campaign_groups": [{"account_id": account_id}]})


def campaign_pages(client: Client, account_id: int, cursor: int | None, bookmark: dict | None) -> Iterator[Page]:
    """All campaigns of an account, with the parameters of those that are new, changed or running.

    The cursor is the time of the newest change, in milliseconds. LinkedIn does not say whether parameters are one.
    """
    newest = (bookmark or {}).get("newest") or cursor or 0
    token = (bookmark or {}).get("token")
    for records, following in client.listing(f"/rest/adAccounts/{account_id}/adCampaigns", CAMPAIGNS_PAGE, token):
        asked = [
            int(record["id"])
            for record in records
            if cursor is None or record.get("status") == "ACTIVE" or _changed(record) > cursor
        ]
        parameters = [row for campaign_id in asked for row in _parameters(client, account_id, campaign_id)]
        newest = max(newest, *(_changed(record) for record in records), 0)
        yield Page(
            rows={
                "campaigns": [_campaign_row(record, account_id) for record in records],
                "tracking_parameters": parameters,
            },
            deleted={
                "tracking_parameters": [{"account_id": account_id, "campaign_id": campaign_id} for campaign_id in asked]
            },
            bookmark={"token": following, "newest": newest},
        )
    yield Page(deleted={"campaigns": [{"account_id": account_id}]}, cursor=newest)


def _parameters(client: Client, account_id: int, campaign_id: int) -> Iterator[dict]:
    """What a campaign adds to the query of its landing pages: fixed values, and such as LinkedIn fills in."""
    key = f"(adEntity:(sponsoredCampaign:{urn('sponsoredCampaign', campaign_id)}))"
    try:
        given = client.get(f"/rest/adTrackingParameters/{key}")
    except Refusal as refusal:
        # It has none, or is of a kind that cannot have any (messages and conversations).
        if refusal.status in (BAD_REQUEST, NOT_FOUND):
            return
        raise
    for field, is_dynamic in (("customValueParameters", False), ("dynamicValueParameters", True)):
        for parameter, value in (given.get(field) or {}).items():
            yield {
                "account_id": account_id,
                "campaign_id": campaign_id,
                "parameter": parameter,
                "value": value,
                "is_dynamic": is_dynamic,
            }


def _campaign_row(record: Mapping[str, Any], account_id: int) -> dict:
    group = record.get("campaignGroup")
    return _row(record, account_id) | {"campaign_group_id": number_of(group) if group else None}


def _row(record: Mapping[str, Any], account_id: int) -> dict:
    """A record with its run schedule and total budget as columns."""
    schedule, budget = record.get("runSchedule") or {}, record.get("totalBudget") or {}
    return {
        **record,
        "account_id": account_id,
        "started_at": schedule.get("start"),
        "ended_at": schedule.get("end"),
        "budget_amount": budget.get("amount"),
        "budget_currency": budget.get("currencyCode"),
    }


def _changed(record: Mapping[str, Any]) -> int:
    stamps = record.get("changeAuditStamps") or {}
    return int((stamps.get("lastModified") or {}).get("time") or 0)
