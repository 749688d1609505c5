"""The `google_analytics` source: sessions per day and origin. README.md says how to connect it."""

from ingestion.config import Settings
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.google_analytics.client import VENDOR, Client
from ingestion.sources.google_analytics.reports import session_streams
from ingestion.sources.google_analytics.settings import GoogleAnalyticsSettings
from ingestion.sources.google_analytics.tables import TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new or stated anew since the last load. Raises Fault; then nothing has been loaded."""
    client = Client(GoogleAnalyticsSettings.from_settings(settings))
    return extract_records("google_analytics", VENDOR, settings, raw, TABLES, session_streams(client))


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(TABLES)
