"""The raw tables that HubSpot fills.

Properties of a CRM object are columns beside `id`, `created_at`, `updated_at` and `archived`; whatever else HubSpot
gives becomes a text column. `…_history` has a row per value that a property has had.
"""

from collections.abc import Mapping

from ingestion.pages import column_name
from ingestion.records import Parent, RawTable

ENVELOPE = {
    "id": "string",
    "created_at": "timestamp",
    "updated_at": "timestamp",
    "archived": "boolean",
    "archived_at": "timestamp",
}
MERGES = {"hs_merged_object_ids": "string", "merged_into_id": "string"}
# What staging reads of each CRM object, beside the fields that the playbook maps.
PROPERTIES: dict[str, dict[str, str]] = {
    "contacts": {
        "createdate": "timestamp",
        "lastmodifieddate": "timestamp",
        "email": "string",
        "hs_additional_emails": "string",
        "firstname": "string",
        "lastname": "string",
        "phone": "string",
        "company": "string",
        "hubspot_owner_id": "string",
        "associatedcompanyid": "string",
        "lifecyclestage": "string",
        "hs_lead_status": "string",
        "hs_calculated_merged_vids": "string",
        "hs_analytics_num_page_views": "bigint",
        "hs_analytics_last_timestamp": "timestamp",
    },
    "companies": {
        "createdate": "timestamp",
        "hs_lastmodifieddate": "timestamp",
        "name": "string",
        "domain": "string",
    },
    "deals": {
        "createdate": "timestamp",
        "hs_lastmodifieddate": "timestamp",
        "dealname": "string",
        "pipeline": "string",
        "dealstage": "string",
        "amount": "double",
        "deal_currency_code": "string",
        "closedate": "timestamp",
        "hs_is_closed": "boolean",
        "hs_is_closed_won": "boolean",
        "hubspot_owner_id": "string",
        "hs_primary_associated_company": "string",
    },
}
ENGAGEMENT = {
    "hs_createdate": "timestamp",
    "hs_lastmodifieddate": "timestamp",
    "hs_timestamp": "timestamp",
    "hubspot_owner_id": "string",
}
ENGAGEMENTS: dict[str, dict[str, str]] = {
    "meetings": ENGAGEMENT
    | {
        "hs_meeting_title": "string",
        "hs_meeting_start_time": "timestamp",
        "hs_meeting_outcome": "string",
        "hs_meeting_source": "string",
    },
    "calls": ENGAGEMENT
    | {
        "hs_call_title": "string",
        "hs_call_direction": "string",
        "hs_call_disposition": "string",
        "hs_call_status": "string",
    },
    "emails": ENGAGEMENT | {"hs_email_direction": "string", "hs_email_status": "string"},
    "tasks": ENGAGEMENT | {"hs_task_status": "string", "hs_task_type": "string"},
    "notes": ENGAGEMENT,
}
# The properties whose past values are read, beside the fields that the playbook maps.
HISTORIES = {
    "contacts": ("lifecyclestage", "hs_lead_status", "hubspot_owner_id", "associatedcompanyid"),
    "companies": (),
    "deals": ("dealstage", "amount", "deal_currency_code", "hubspot_owner_id", "closedate"),
}
HISTORY_TABLES = {"contacts": "contact_history", "companies": "company_history", "deals": "deal_history"}
# Mapped columns that hold numbers: a text in them is a mistake.
NUMBERS = {"employee_count": "bigint", "annual_revenue_amount": "double"}
TAGS = dict.fromkeys(("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id"), "string")


def _object(name: str, columns: Mapping[str, str], email: str | None = None) -> RawTable:
    merges = MERGES if name in ("contacts", "companies") else {}
    return RawTable(name, ("id",), ENVELOPE | merges | columns, email=email)


def _history(of: str) -> RawTable:
    columns = {
        "object_id": "string",
        "property": "string",
        "changed_at": "timestamp",
        "sequence": "bigint",
        "value": "string",
        "source_type": "string",
        "source_id": "string",
        "updated_by_user_id": "string",
    }
    key = ("object_id", "property", "changed_at", "sequence")
    return RawTable(HISTORY_TABLES[of], key, columns, parents=(Parent("object_id", of),))


def _child(name: str, key: tuple[str, ...], columns: Mapping[str, str], *parents: Parent) -> RawTable:
    return RawTable(name, key, dict.fromkeys(key, "string") | columns, parents=parents)


DATED = {"created_at": "timestamp", "updated_at": "timestamp"}
_TABLES = (
    _object("contacts", PROPERTIES["contacts"], email="email"),
    _object("companies", PROPERTIES["companies"]),
    _object("deals", PROPERTIES["deals"]),
    *(_object(name, columns) for name, columns in ENGAGEMENTS.items()),
    *(_history(of) for of in HISTORY_TABLES),
    _child("contact_emails", ("contact_id", "email"), {}, Parent("contact_id", "contacts")),
    _child(
        "deal_contacts",
        ("deal_id", "contact_id"),
        {"role": "string", "is_primary": "boolean"},
        Parent("deal_id", "deals"),
        Parent("contact_id", "contacts"),
    ),
    _child(
        "engagement_contacts",
        ("engagement_id", "contact_id"),
        {"engagement_type": "string"},
        Parent("contact_id", "contacts"),
        *(Parent("engagement_id", name) for name in ENGAGEMENTS),
    ),
    RawTable(
        "owners",
        ("id",),
        {
            "id": "string",
            "email": "string",
            "first_name": "string",
            "last_name": "string",
            "user_id_including_inactive": "string",
            "primary_team": "string",
            "archived": "boolean",
            **DATED,
        },
    ),
    _child(
        "deal_stages", ("pipeline_id", "id"), {"label": "string", "pipeline_label": "string", "is_closed": "boolean"}
    ),
    _child("properties", ("object_type", "name"), {"label": "string", "type": "string", "field_type": "string"}),
    RawTable("forms", ("id",), {"id": "string", "name": "string", **DATED}),
    RawTable(
        "form_submissions",
        ("form_id", "conversion_id"),
        {
            "form_id": "string",
            "conversion_id": "string",
            "submitted_at": "timestamp",
            "email": "string",
            "page_url": "string",
            "url": "string",
            **TAGS,
        },
        parents=(Parent("email", "contacts", "email", only_vanished=True),),
    ),
    RawTable(
        "marketing_emails",
        ("id",),
        {"id": "string", "name": "string", "subject": "string", "campaign": "string", **DATED},
    ),
    _child("marketing_email_campaigns", ("email_campaign_id",), {"email_id": "string"}),
    _child(
        "email_events",
        ("id",),
        {
            "type": "string",
            "recipient": "string",
            "created": "timestamp",
            "email_campaign_id": "string",
            "portal_subscription_status": "string",
            "url": "string",
            **TAGS,
        },
        Parent("recipient", "contacts", "email", only_vanished=True),
    ),
    _child(
        "subscription_changes",
        ("event_id", "subscription_id"),
        {"recipient": "string", "status": "string", "changed_at": "timestamp"},
        Parent("recipient", "contacts", "email", only_vanished=True),
    ),
    _child("subscription_types", ("id",), {"name": "string"}),
    _child(
        "subscription_statuses",
        ("subscriber_id_string", "subscription_id"),
        {"status": "string", "subscription_name": "string", "changed_at": "timestamp"},
        Parent("subscriber_id_string", "contacts", "email"),
    ),
    RawTable(
        "campaigns",
        ("id",),
        {
            "id": "string",
            "hs_name": "string",
            "hs_start_date": "date",
            "hs_end_date": "date",
            "hs_utm": "string",
            "hs_budget_items_sum_amount": "double",
            "hs_currency_code": "string",
            "hs_campaign_status": "string",
            **DATED,
        },
    ),
    _child(
        "campaign_spend_items",
        ("campaign_id", "id"),
        {"name": "string", "amount": "double", "currency_code": "string", **DATED},
    ),
    RawTable("pages", ("id",), {"id": "string", "page_type": "string", "name": "string", "url": "string", **DATED}),
    RawTable(
        "web_events",
        ("id",),
        {
            "id": "string",
            "event_type": "string",
            "object_id": "string",
            "occurred_at": "timestamp",
            "hs_url": "string",
            "hs_referrer": "string",
            "hs_page_id": "string",
            "hs_campaign_guid": "string",
            "outcome": "string",
            "url": "string",
            **TAGS,
        },
        parents=(Parent("object_id", "contacts", only_vanished=True),),
    ),
)
TABLES = {table.name: table for table in _TABLES}


def tables_with(mappings: Mapping[str, Mapping[str, str]]) -> dict[str, RawTable]:
    """The tables with the fields that the playbook maps among their columns."""
    tables = dict(TABLES)
    for name, fields in mappings.items():
        if name in tables:
            table = tables[name]
            own = {column_name(field): NUMBERS.get(column, "string") for column, field in fields.items()}
            tables[name] = table.with_columns({key: kind for key, kind in own.items() if key not in table.columns})
    return tables
