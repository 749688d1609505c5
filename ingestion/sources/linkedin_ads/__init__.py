"""The `linkedin_ads` source: campaign groups, campaigns, what they did and cost. README.md says how to connect it."""

from collections.abc import Iterator
from typing import Any

from ingestion.config import Settings
from ingestion.pages import Page, Stream
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.linkedin_ads.analytics import PIVOTS, analytics_pages
from ingestion.sources.linkedin_ads.campaigns import account_row, campaign_pages, group_pages
from ingestion.sources.linkedin_ads.client import Client
from ingestion.sources.linkedin_ads.settings import LinkedInAdsSettings
from ingestion.sources.linkedin_ads.tables import TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new since the last load, and again what may have changed. Raises Fault; then nothing is loaded."""
    client = Client(LinkedInAdsSettings.from_settings(settings))
    return extract_records("linkedin_ads", "LinkedIn", settings, raw, TABLES, streams(client))


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(TABLES)


def streams(client: Client) -> list[Stream]:
    """What is read, each account for itself: one that is connected later begins at its own beginning."""
    accounts = [account_row(client, account_id) for account_id in client.settings.account_ids]
    return [
        Stream("accounts", lambda *_: iter([Page(rows={"accounts": accounts})])),
        *(stream for account in accounts for stream in _account_streams(client, account)),
    ]


def _account_streams(client: Client, account: dict) -> Iterator[Stream]:
    account_id = int(account["id"])

    def groups(_: Any, token: str | None) -> Iterator[Page]:
        return group_pages(client, account_id, token)

    def campaigns(cursor: int | None, bookmark: dict | None) -> Iterator[Page]:
        return campaign_pages(client, account_id, cursor, bookmark)

    def analytics(pivot: str) -> Stream:
        table, _ = PIVOTS[pivot]
        return Stream(f"{table} {account_id}", lambda *places: analytics_pages(client, account, pivot, *places))

    yield Stream(f"campaign_groups {account_id}", groups)
    yield Stream(f"campaigns {account_id}", campaigns)
    yield from map(analytics, PIVOTS)
