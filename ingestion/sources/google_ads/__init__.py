"""The `google_ads` source: campaigns, ad groups, their figures by day, and clicks. README.md says how to connect it."""

from datetime import timedelta

from ingestion.config import Settings
from ingestion.pages import Stream
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.google_ads import accounts
from ingestion.sources.google_ads.client import Client
from ingestion.sources.google_ads.errors import VENDOR
from ingestion.sources.google_ads.figures import PERFORMANCE, DayReader
from ingestion.sources.google_ads.settings import GoogleAdsSettings
from ingestion.sources.google_ads.tables import TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new since the last load. Raises Fault; then nothing has been loaded."""
    client = Client(GoogleAdsSettings.from_settings(settings))
    return extract_records("google_ads", VENDOR, settings, raw, TABLES, streams(client, raw))


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(TABLES)


def streams(client: Client, raw: RawState) -> list[Stream]:
    """What is read, in this order."""
    customers = accounts.accounts(client)
    days = DayReader(client, customers, raw.loaded_at.date() + timedelta(days=1))
    return [
        Stream("customers", lambda *_: accounts.customer_pages(client, customers)),
        Stream("campaigns", lambda _, last: accounts.campaign_pages(client, customers, last)),
        Stream("ad_groups", lambda _, last: accounts.ad_group_pages(client, customers, last)),
        *(_performance_stream(days, table) for table in PERFORMANCE),
        Stream("click_views", days.click_pages),
    ]


def _performance_stream(days: DayReader, table: str) -> Stream:
    return Stream(table, lambda cursor, bookmark: days.performance_pages(table, cursor, bookmark))
