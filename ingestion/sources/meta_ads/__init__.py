"""The `meta_ads` source: campaigns, ad sets, ads, what they did and cost. README.md says how to connect it."""

from collections.abc import Iterator

from ingestion.config import Settings
from ingestion.pages import Page, Stream
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.meta_ads.client import Client
from ingestion.sources.meta_ads.insights import LEVELS, insight_pages
from ingestion.sources.meta_ads.settings import MetaAdsSettings
from ingestion.sources.meta_ads.structure import EDGES, account_row, structure_pages
from ingestion.sources.meta_ads.tables import TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new since the last load, and again what may have changed. Raises Fault; then nothing is loaded."""
    client = Client(MetaAdsSettings.from_settings(settings))
    return extract_records("meta_ads", "Meta", settings, raw, TABLES, streams(client))


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

    def structure(table: str) -> Stream:
        return Stream(f"{table} {account_id}", lambda _, after: structure_pages(client, account_id, table, after))

    def insights(level: str) -> Stream:
        (table, *_), _, _ = LEVELS[level]
        return Stream(f"{table} {account_id}", lambda *places: insight_pages(client, account, level, *places))

    yield from map(structure, EDGES)
    yield from map(insights, LEVELS)
