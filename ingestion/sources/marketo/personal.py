"""What Marketo tells of people; a person synced from Salesforce bears the ids of both."""

from dataclasses import replace

from ingestion.personal import of_table
from ingestion.sources.marketo.tables import TABLES

PREFIX = "marketo:"
_LEADS = of_table(
    TABLES["leads"],
    ("id", "merged_into_lead_id"),
    PREFIX,
    addresses=("email",),
    emptied=("email", "first_name", "last_name", "phone", "company", "title"),
)

PEOPLE = {
    "leads": replace(_LEADS, ids={**_LEADS.ids, "sfdc_lead_id": "salesforce:", "sfdc_contact_id": "salesforce:"}),
    "lead_changes": of_table(TABLES["lead_changes"], ("lead_id",), PREFIX, history_of="field", emptied=("reason",)),
    "activities": of_table(TABLES["activities"], ("lead_id",), PREFIX),
    "program_members": of_table(TABLES["program_members"], ("lead_id",), PREFIX),
}
