"""The `google_analytics` source: sessions per day and origin, and exported events. README.md says how to connect it."""

from ingestion.config import Settings
from ingestion.landed import other_files
from ingestion.pages import Stream
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.google_analytics.client import VENDOR, Client
from ingestion.sources.google_analytics.export import NAMES, export_pages, known_days
from ingestion.sources.google_analytics.reports import session_streams
from ingestion.sources.google_analytics.settings import GoogleAnalyticsSettings, export_folder, has_properties
from ingestion.sources.google_analytics.tables import ALL_TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new or stated anew since the last load. Raises Fault; then nothing has been loaded."""
    folder = export_folder(settings)
    streams: list[Stream] = []
    if has_properties(settings) or folder is None:
        streams += session_streams(Client(GoogleAnalyticsSettings.from_settings(settings)))
    if folder is not None:
        known = known_days(raw)
        streams.append(Stream("exported events", lambda _, bookmark: export_pages(folder, known, bookmark)))
    extraction = extract_records("google_analytics", VENDOR, settings, raw, ALL_TABLES, streams)
    others = other_files(folder, NAMES) if folder is not None else []
    if others:
        extraction.notices.append(f"{folder}: {', '.join(others[:5])} is no file of the export (events_YYYYMMDD…).")
    return extraction


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(ALL_TABLES)
