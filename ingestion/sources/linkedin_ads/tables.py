"""The raw tables that LinkedIn fills, with the columns that staging reads.

LinkedIn's campaign group is a campaign of ours, its campaign an ad group. Keys begin with the account and, where
figures are per day, the day: what LinkedIn no longer states of these goes.
"""

from collections.abc import Mapping

from ingestion.records import Parent, RawTable

FIGURES = {
    "impressions": "bigint",
    "clicks": "bigint",
    # A decimal of up to 18 places, in the account's currency.
    "cost_in_local_currency": "double",
    "external_website_conversions": "bigint",
    "one_click_leads": "bigint",
}
_TABLES = (
    RawTable("accounts", ("id",), {"id": "bigint", "name": "string", "currency": "string", "status": "string"}),
    RawTable(
        "campaign_groups",
        ("account_id", "id"),
        {
            "account_id": "bigint",
            "id": "bigint",
            "name": "string",
            "status": "string",
            "started_at": "timestamp",
            "ended_at": "timestamp",
            "budget_amount": "double",
            "budget_currency": "string",
        },
    ),
    RawTable(
        "campaigns",
        ("account_id", "id"),
        {
            "account_id": "bigint",
            "id": "bigint",
            "campaign_group_id": "bigint",
            "name": "string",
            "status": "string",
            "started_at": "timestamp",
            "ended_at": "timestamp",
            "budget_amount": "double",
            "budget_currency": "string",
        },
    ),
    RawTable(
        "tracking_parameters",
        ("account_id", "campaign_id", "parameter"),
        {
            "account_id": "bigint",
            "campaign_id": "bigint",
            "parameter": "string",
            "value": "string",
            "is_dynamic": "boolean",
        },
        parents=(Parent("campaign_id", "campaigns"),),
    ),
    RawTable(
        "campaign_group_analytics",
        ("account_id", "date", "campaign_group_id"),
        {"account_id": "bigint", "date": "date", "campaign_group_id": "bigint", **FIGURES},
    ),
    RawTable(
        "campaign_analytics",
        ("account_id", "date", "campaign_id"),
        {"account_id": "bigint", "date": "date", "campaign_id": "bigint", **FIGURES},
    ),
    RawTable("account_analytics", ("account_id", "date"), {"account_id": "bigint", "date": "date", **FIGURES}),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}
