"""What Salesforce tells of people, who are Leads first and Contacts later."""

from ingestion.personal import Personal, of_table
from ingestion.sources.salesforce.tables import TABLES

PREFIX = "salesforce:"
WHO = ("name", "email", "phone", "title", "individual_id")


def _of(table: str, *ids: str, **others: object) -> Personal:
    return of_table(TABLES[table], ids, PREFIX, **others)


PEOPLE = {
    "leads": _of(
        *("leads", "id", "master_record_id", "converted_contact_id"),
        addresses=("email",),
        emptied=(*WHO, "company"),
    ),
    "contacts": _of("contacts", "id", "master_record_id", addresses=("email",), emptied=WHO),
    "lead_history": _of("lead_history", "lead_id", history_of="field"),
    "contact_history": _of("contact_history", "contact_id", history_of="field"),
    "opportunity_contact_roles": _of("opportunity_contact_roles", "contact_id"),
    "campaign_members": _of("campaign_members", "lead_id", "contact_id"),
    # What kind of task or event it was may stand in its subject alone.
    "tasks": _of("tasks", "who_id"),
    "events": _of("events", "who_id"),
}
# Who asks to be forgotten: whose Individual has "Forget this individual".
REQUESTS = """
    with people as (
        select id, individual_id, _row_hash from {raw}.leads
        union all
        select id, individual_id, _row_hash from {raw}.contacts
    )
    select distinct 'salesforce:' || people.id
    from people
    where people._row_hash != 'erased' and people.individual_id in (
        select id from {raw}.individuals group by id having arg_max(should_forget, (_loaded_at, _dlt_load_id))
    )
"""
