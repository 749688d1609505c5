"""What HubSpot tells of people."""

from ingestion.personal import Personal, of_table
from ingestion.sources.hubspot.tables import ENGAGEMENTS, TABLES

PREFIX = "hubspot:"
TITLES = {"meetings": ("hs_meeting_title",), "calls": ("hs_call_title",)}


def _of(table: str, *ids: str, **others: object) -> Personal:
    return of_table(TABLES[table], ids, PREFIX, **others)


PEOPLE = {
    "contacts": _of(
        "contacts",
        *("id", "merged_into_id"),
        addresses=("email",),
        emptied=(
            *("email", "hs_additional_emails", "firstname", "lastname", "phone", "company"),
            *("hs_merged_object_ids", "hs_calculated_merged_vids"),
        ),
    ),
    "contact_history": _of("contact_history", "object_id", history_of="property", emptied=("source_id",)),
    "contact_emails": _of("contact_emails", "contact_id", addresses=("email",)),
    "deal_contacts": _of("deal_contacts", "contact_id"),
    "engagement_contacts": _of("engagement_contacts", "contact_id"),
    **{
        name: _of(name, of=("engagement_contacts", "engagement_id", "id"), emptied=TITLES.get(name, ()))
        for name in ENGAGEMENTS
    },
    "form_submissions": _of("form_submissions", addresses=("email",), emptied=("page_url",)),
    "email_events": _of("email_events", addresses=("recipient",)),
    "subscription_changes": _of("subscription_changes", addresses=("recipient",)),
    "subscription_statuses": _of("subscription_statuses", addresses=("subscriber_id_string",)),
    "web_events": _of("web_events", "object_id", emptied=("hs_url",)),
}
# Nothing says so of them: many at once may be a permission that was lost.
VANISHED_FROM = "contacts"
# A contact that was not in the recycle bin before it vanished, and was not merged, was erased there (GDPR).
REQUESTS = """
    select 'hubspot:' || id
    from {raw}.contacts
    group by id
    having arg_max(_is_deleted and not coalesce(archived, false) and merged_into_id is null, (_loaded_at, _dlt_load_id))
        and arg_max(_row_hash, (_loaded_at, _dlt_load_id)) != 'erased'
"""
