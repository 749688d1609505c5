"""The `salesforce` source: leads, contacts, deals, their histories and activities. README.md says what it needs."""

from ingestion import records
from ingestion.config import Settings
from ingestion.mappings import field_mappings
from ingestion.pages import column_name
from ingestion.sources import Extraction, RawState
from ingestion.sources.salesforce.client import Client
from ingestion.sources.salesforce.settings import SalesforceSettings
from ingestion.sources.salesforce.streams import shapes, streams_of
from ingestion.sources.salesforce.tables import TABLES, raw_tables_with


def extract(settings: Settings, raw: RawState) -> Extraction:
    """Read what is new in Salesforce. Raises Fault; then nothing has been loaded."""
    salesforce = SalesforceSettings.from_settings(settings)
    client = Client(salesforce)
    mapped = field_mappings(settings, "salesforce")
    tables = raw_tables_with(
        {table: {ours: column_name(field) for ours, field in of_table.items()} for table, of_table in mapped.items()}
    )
    notices: list[str] = []
    seen = shapes(client, settings, mapped, notices)
    readers = streams_of(client, raw, seen, records.last_cursors(raw), salesforce.bulk_threshold)
    extraction = records.extract("salesforce", "Salesforce", settings, raw, tables, readers)
    extraction.notices.extend(notices)
    return extraction


def raw_tables() -> list[str]:
    """The tables that this source keeps in its raw schema."""
    return records.raw_tables_of(TABLES)
