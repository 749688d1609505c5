"""The raw tables that Meta fills, with the columns that staging reads.

Meta's ad set is an ad group of ours. Keys begin with the account and, where figures are per day, the day: what Meta no
longer states of these goes.
"""

from collections.abc import Mapping

from ingestion.records import RawTable

FIGURES = {
    "impressions": "bigint",
    "clicks": "bigint",
    "inline_link_clicks": "bigint",
    # A decimal in the account's currency.
    "spend": "double",
}
_TABLES = (
    RawTable(
        "accounts",
        ("id",),
        {"id": "bigint", "name": "string", "currency": "string", "timezone_name": "string"},
    ),
    RawTable(
        "campaigns",
        ("account_id", "id"),
        {
            "account_id": "bigint",
            "id": "bigint",
            "name": "string",
            "start_time": "timestamp",
            "stop_time": "timestamp",
            "lifetime_budget": "bigint",
        },
    ),
    RawTable(
        "ad_sets",
        ("account_id", "id"),
        {
            "account_id": "bigint",
            "id": "bigint",
            "campaign_id": "bigint",
            "name": "string",
            "start_time": "timestamp",
            "end_time": "timestamp",
            "lifetime_budget": "bigint",
        },
    ),
    RawTable(
        "ads",
        ("account_id", "id"),
        {
            "account_id": "bigint",
            "id": "bigint",
            "campaign_id": "bigint",
            "adset_id": "bigint",
            "name": "string",
            "utm_campaign": "string",
        },
    ),
    RawTable(
        "campaign_insights",
        ("account_id", "date", "campaign_id"),
        {"account_id": "bigint", "date": "date", "campaign_id": "bigint", **FIGURES},
    ),
    RawTable(
        "campaign_actions",
        ("account_id", "date", "campaign_id", "action_type"),
        {
            "account_id": "bigint",
            "date": "date",
            "campaign_id": "bigint",
            "action_type": "string",
            "value": "double",
        },
    ),
    RawTable(
        "ad_set_insights",
        ("account_id", "date", "adset_id"),
        {"account_id": "bigint", "date": "date", "adset_id": "bigint", "campaign_id": "bigint", **FIGURES},
    ),
    RawTable(
        "ad_set_actions",
        ("account_id", "date", "adset_id", "action_type"),
        {
            "account_id": "bigint",
            "date": "date",
            "adset_id": "bigint",
            "action_type": "string",
            "value": "double",
        },
    ),
    RawTable("account_insights", ("account_id", "date"), {"account_id": "bigint", "date": "date", **FIGURES}),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}
