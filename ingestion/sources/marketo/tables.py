"""The raw tables that Marketo fills, with the columns that staging reads."""

from collections.abc import Mapping
from dataclasses import replace

from ingestion.pages import column_name
from ingestion.records import RawTable

_TABLES = (
    RawTable(
        "leads",
        ("id",),
        {
            "id": "bigint",
            "email": "string",
            "first_name": "string",
            "last_name": "string",
            "phone": "string",
            "company": "string",
            "sfdc_lead_id": "string",
            "sfdc_contact_id": "string",
            "sfdc_account_id": "string",
            "created_at": "timestamp",
            "updated_at": "timestamp",
            "email_opt_in": "boolean",
            "email_opt_in_date": "timestamp",
            "merged_into_lead_id": "bigint",
        },
        email="email",
    ),
    RawTable(
        "lead_changes",
        ("marketo_guid", "field"),
        {
            "marketo_guid": "string",
            "lead_id": "bigint",
            "activity_date": "timestamp",
            "field": "string",
            "old_value": "string",
            "new_value": "string",
            "reason": "string",
        },
    ),
    RawTable(
        "activities",
        ("marketo_guid",),
        {
            "marketo_guid": "string",
            "lead_id": "bigint",
            "activity_date": "timestamp",
            "activity_type_id": "bigint",
            "campaign_id": "bigint",
            "primary_attribute_value_id": "bigint",
            "primary_attribute_value": "string",
            "query_parameters": "string",
            "referrer_url": "string",
            "webpage_url": "string",
            "webpage_id": "string",
            "page_url": "string",
            "link": "string",
            "new_stage": "string",
            "reason": "string",
            "landing_page": "string",
            "click_id": "string",
            "utm_source": "string",
            "utm_medium": "string",
            "utm_campaign": "string",
            "utm_content": "string",
            "utm_term": "string",
        },
    ),
    RawTable("activity_types", ("id",), {"id": "bigint", "name": "string"}),
    RawTable(
        "programs",
        ("id",),
        {
            "id": "bigint",
            "name": "string",
            "channel": "string",
            "created_at": "timestamp",
            "updated_at": "timestamp",
            "start_date": "timestamp",
            "end_date": "timestamp",
            "tag_utm_campaign": "string",
        },
    ),
    RawTable(
        "program_costs",
        ("program_id", "start_date"),
        {"program_id": "bigint", "start_date": "date", "cost": "double", "currency": "string"},
    ),
    RawTable(
        "program_members",
        ("lead_id", "program_id"),
        {
            "lead_id": "bigint",
            "program_id": "bigint",
            "status_name": "string",
            "membership_date": "timestamp",
            "reached_success": "boolean",
        },
    ),
    RawTable("campaigns", ("id",), {"id": "bigint", "name": "string", "program_id": "bigint"}),
    RawTable("emails", ("id",), {"id": "bigint", "name": "string", "program_id": "bigint"}),
    RawTable("forms", ("id",), {"id": "bigint", "name": "string", "program_id": "bigint"}),
    RawTable(
        "landing_pages", ("id",), {"id": "bigint", "name": "string", "program_id": "bigint", "computed_url": "string"}
    ),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}


def tables_with(lead_fields: list[str]) -> dict[str, RawTable]:
    """The tables, leads with the fields that the playbook maps as well."""
    leads = TABLES["leads"]
    mapped = {column_name(field): "string" for field in lead_fields}
    return {**TABLES, "leads": replace(leads, columns={**mapped, **leads.columns})}
