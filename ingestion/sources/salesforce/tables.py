"""The objects that are read, the raw tables they fill, and the columns that staging relies on."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingestion.records import RawTable

AUDIT = {"created_date": "timestamp", "created_by_id": "string", "last_modified_date": "timestamp"}
STAMPED = AUDIT | {"system_modstamp": "timestamp"}
HISTORY = {
    "created_date": "timestamp",
    "created_by_id": "string",
    "field": "string",
    "old_value": "string",
    "new_value": "string",
    "is_deleted": "boolean",
}
PERSON = {
    **dict.fromkeys(("name", "email", "phone", "title", "lead_source", "owner_id", "master_record_id"), "string"),
    "individual_id": "string",
    "has_opted_out_of_email": "boolean",
    "do_not_call": "boolean",
}
# Of mapped fields that are not texts.
MAPPED_TYPES = {
    "employee_count": "bigint",
    "annual_revenue_amount": "double",
    "capacity_per_week": "bigint",
    "churned_at": "timestamp",
    "registered_at": "timestamp",
    "attended_at": "timestamp",
}


@dataclass(frozen=True)
class Source:
    """One object of Salesforce and the raw table that it fills.

    `stamp` is the moment by which news is found. A history has a `parent`: the object and the field that it hangs on.
    What is not `is_required` is left out, with a notice, where Salesforce does not show it. Of an object that says more
    of people than is needed, `only_declared` fields are read.
    """

    object: str
    table: str
    columns: Mapping[str, str]
    stamp: str = "SystemModstamp"
    is_required: bool = False
    has_deletions: bool = True
    parent: tuple[str, str] | None = None
    only_declared: bool = False

    @property
    def stamp_column(self) -> str:
        return "system_modstamp" if self.stamp == "SystemModstamp" else "created_date"


def _history(name: str, table: str, parent: str) -> Source:
    columns = HISTORY | {f"{parent.lower()}_id": "string"}
    return Source(name, table, columns, "CreatedDate", has_deletions=False, parent=(parent, f"{parent}Id"))


SOURCES = (
    Source(
        "User",
        "users",
        STAMPED
        | dict.fromkeys(("name", "department", "title", "division", "country", "user_role_id", "user_type"), "string")
        | {"is_active": "boolean"},
        is_required=True,
        has_deletions=False,
    ),
    Source("UserRole", "user_roles", {"name": "string", "system_modstamp": "timestamp"}, has_deletions=False),
    Source(
        "Account",
        "accounts",
        STAMPED
        | dict.fromkeys(("master_record_id", "name", "website", "billing_country", "billing_state"), "string")
        | {"industry": "string", "number_of_employees": "bigint", "annual_revenue": "double"},
        is_required=True,
    ),
    Source(
        "Lead",
        "leads",
        STAMPED
        | PERSON
        | dict.fromkeys(("company", "country", "status", "converted_contact_id", "converted_account_id"), "string")
        | {"is_converted": "boolean", "converted_opportunity_id": "string", "converted_date": "date"},
        is_required=True,
    ),
    Source(
        "Contact",
        "contacts",
        STAMPED | PERSON | {"account_id": "string", "mailing_country": "string"},
        is_required=True,
    ),
    # Who asks to be forgotten; how old or how rich somebody is stays where it is.
    Source(
        "Individual",
        "individuals",
        {"should_forget": "boolean", "system_modstamp": "timestamp"},
        has_deletions=False,
        only_declared=True,
    ),
    Source(
        "Opportunity",
        "opportunities",
        STAMPED
        | dict.fromkeys(("account_id", "owner_id", "stage_name", "type", "currency_iso_code", "campaign_id"), "string")
        | {"amount": "double", "close_date": "date", "is_closed": "boolean", "is_won": "boolean"}
        | {"last_stage_change_date": "timestamp"},
        is_required=True,
    ),
    _history("LeadHistory", "lead_history", "Lead"),
    _history("ContactHistory", "contact_history", "Contact"),
    _history("AccountHistory", "account_history", "Account"),
    Source(
        "OpportunityHistory",
        "opportunity_history",
        {
            **dict.fromkeys(("opportunity_id", "stage_name", "currency_iso_code", "created_by_id"), "string"),
            "amount": "double",
            "close_date": "date",
            "created_date": "timestamp",
            "system_modstamp": "timestamp",
            "is_deleted": "boolean",
        },
        has_deletions=False,
        parent=("Opportunity", "OpportunityId"),
    ),
    _history("OpportunityFieldHistory", "opportunity_field_history", "Opportunity"),
    Source(
        "OpportunityContactRole",
        "opportunity_contact_roles",
        STAMPED | dict.fromkeys(("opportunity_id", "contact_id", "role"), "string") | {"is_primary": "boolean"},
    ),
    Source(
        "Campaign",
        "campaigns",
        STAMPED
        | dict.fromkeys(("name", "parent_id", "type", "status", "currency_iso_code"), "string")
        | {"start_date": "date", "end_date": "date", "budgeted_cost": "double", "actual_cost": "double"},
    ),
    Source(
        "CampaignMember",
        "campaign_members",
        STAMPED
        | dict.fromkeys(("campaign_id", "lead_id", "contact_id", "status"), "string")
        | {"has_responded": "boolean", "first_responded_date": "date"},
    ),
    Source(
        "Task",
        "tasks",
        STAMPED
        | dict.fromkeys(("who_id", "what_id", "account_id", "owner_id", "subject", "type", "status"), "string")
        | dict.fromkeys(("task_subtype", "call_type", "call_disposition"), "string")
        | {"activity_date": "date", "completed_date_time": "timestamp", "is_closed": "boolean"},
    ),
    Source(
        "Event",
        "events",
        STAMPED
        | dict.fromkeys(("who_id", "what_id", "account_id", "owner_id", "subject", "type"), "string")
        | {"start_date_time": "timestamp", "end_date_time": "timestamp", "is_all_day_event": "boolean"},
    ),
)


def raw_tables_with(mapped: Mapping[str, Mapping[str, str]]) -> dict[str, RawTable]:
    """The raw tables by name; `mapped` gives, per table, our column → the raw column of the field that holds it."""
    tables = {}
    for source in SOURCES:
        own = {raw: MAPPED_TYPES.get(ours, "string") for ours, raw in mapped.get(source.table, {}).items()}
        tables[source.table] = RawTable(
            name=source.table,
            key=("id",),
            columns={"id": "string", **own, **source.columns},
            version=source.stamp_column,
            email="email" if "email" in source.columns else None,
        )
    return tables


# As they are where the playbook maps no field.
TABLES = raw_tables_with({})
