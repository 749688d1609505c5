"""The `web_events` source: events that form tools and tags drop into a folder. README.md has their schema."""

from ingestion.config import Settings
from ingestion.landed import other_files
from ingestion.pages import Stream
from ingestion.records import extract as extract_records
from ingestion.records import raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.web_events.events import NAMES, event_pages, known_places
from ingestion.sources.web_events.settings import WebEventsSettings
from ingestion.sources.web_events.tables import TABLES


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what has been written since the last load. Raises Fault; then nothing has been loaded."""
    own = WebEventsSettings.from_settings(settings)
    known = known_places(raw)
    stream = Stream("events", lambda _, bookmark: event_pages(own, known, bookmark))
    extraction = extract_records("web_events", "Website events", settings, raw, TABLES, [stream])
    others = other_files(own.folder, NAMES)
    if others:
        extraction.notices.append(f"{own.folder}: {', '.join(others[:5])} is no file of events (.jsonl, .ndjson).")
    return extraction


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(TABLES)
