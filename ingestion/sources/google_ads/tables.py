"""The raw tables that Google Ads fills, with the columns that staging reads.

Keys of figures begin with account and day: what Google states of a day is read again as a whole.
"""

from collections.abc import Mapping

from ingestion.records import RawTable

_FIGURES = {"impressions": "bigint", "clicks": "bigint", "cost_micros": "bigint", "conversions": "double"}
_TABLES = (
    RawTable(
        "customers",
        ("id",),
        {"id": "bigint", "descriptive_name": "string", "currency_code": "string", "time_zone": "string"},
    ),
    RawTable(
        "campaigns",
        ("id",),
        {
            "id": "bigint",
            "customer_id": "bigint",
            "name": "string",
            "status": "string",
            "advertising_channel_type": "string",
            "start_date_time": "date",  # local to the account, as all of Google's days
            "end_date_time": "date",
        },
    ),
    RawTable(
        "ad_groups",
        ("id",),
        {"id": "bigint", "customer_id": "bigint", "campaign_id": "bigint", "name": "string", "status": "string"},
    ),
    RawTable(
        "utm_campaigns",
        ("customer_id", "campaign_id", "utm_campaign"),
        {"customer_id": "bigint", "campaign_id": "bigint", "utm_campaign": "string"},
    ),
    RawTable(
        "campaign_performance",
        ("customer_id", "date", "campaign_id"),
        {"customer_id": "bigint", "date": "date", "campaign_id": "bigint", **_FIGURES},
    ),
    RawTable(
        "ad_group_performance",
        ("customer_id", "date", "ad_group_id"),
        {"customer_id": "bigint", "date": "date", "ad_group_id": "bigint", "campaign_id": "bigint", **_FIGURES},
    ),
    RawTable("customer_performance", ("customer_id", "date"), {"customer_id": "bigint", "date": "date", **_FIGURES}),
    RawTable(
        "click_views",
        ("customer_id", "date", "gclid"),
        {"customer_id": "bigint", "date": "date", "gclid": "string", "campaign_id": "bigint", "ad_group_id": "bigint"},
    ),
)
TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}
