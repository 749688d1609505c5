"""The `marketo` source: people, what they did and received, programs and assets. README.md says how to connect it."""

from ingestion.config import Settings
from ingestion.mappings import field_mappings
from ingestion.pages import Page, Stream
from ingestion.records import extract as extract_records
from ingestion.records import last_cursors, raw_tables_of
from ingestion.sources import Extraction, RawState
from ingestion.sources.marketo import assets
from ingestion.sources.marketo.activities import ActivityReader, Kinds
from ingestion.sources.marketo.client import ACTIVITY, Client
from ingestion.sources.marketo.people import LeadFields, deleted_pages, lead_pages
from ingestion.sources.marketo.settings import MarketoSettings
from ingestion.sources.marketo.tables import TABLES, tables_with

DELETIONS = "deleted_leads"
ASSET_LISTINGS = {"emails": "emails", "forms": "forms", "landing_pages": "landingPages"}


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new since the last load. Raises Fault; then nothing has been loaded."""
    client = Client(MarketoSettings.from_settings(settings))
    mapped = field_mappings(settings, "marketo").get("leads", {})
    notices: list[str] = []
    fields = LeadFields.described(client, settings, mapped, notices)
    tables = tables_with(list(mapped.values()))
    extraction = extract_records("marketo", "Marketo", settings, raw, tables, streams(client, fields, raw))
    extraction.notices.extend(notices)
    return extraction


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return raw_tables_of(TABLES)


def streams(client: Client, fields: LeadFields, raw: RawState) -> list[Stream]:
    """What is read, in this order: deletions come after everything that might name a person once more."""
    programs = assets.programs(client)
    program_ids = sorted(int(program["id"]) for program in programs)
    types = client.get("/rest/v1/activities/types.json", ACTIVITY).get("result") or []
    reader = ActivityReader(client, fields, Kinds.described(client, types))
    deletions = last_cursors(raw).get(DELETIONS)
    return [
        Stream("activity_types", lambda *_: iter([Page(rows={"activity_types": types})]), whole=("activity_types",)),
        Stream("programs", lambda cursor, _: assets.program_pages(client, programs, cursor), whole=("programs",)),
        Stream("campaigns", lambda *_: assets.campaign_pages(client), whole=("campaigns",)),
        *(_asset_stream(client, table, path) for table, path in ASSET_LISTINGS.items()),
        Stream("leads", lambda cursor, bookmark: lead_pages(client, fields, cursor, bookmark)),
        Stream("activities", reader.pages),
        Stream("program_members", lambda *places: assets.member_pages(client, program_ids, *places)),
        Stream(DELETIONS, lambda cursor, bookmark: deleted_pages(client, raw, cursor or deletions, bookmark)),
    ]


def _asset_stream(client: Client, table: str, path: str) -> Stream:
    return Stream(table, lambda *_: assets.asset_pages(client, f"/rest/asset/v1/{path}.json", table), whole=(table,))
