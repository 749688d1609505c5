"""What the raw tables of Google Ads must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.google_ads.figures import PERFORMANCE
from ingestion.sources.google_ads.tables import TABLES

_FIGURES = [
    *(
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in ("impressions", "clicks", "cost_micros", "conversions")
    ),
    # Google takes back what was wrong within the day's own figure, so none falls below 0.
    *(
        {
            "severity": "warn",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": name, "min_value": 0},
        }
        for name in ("impressions", "clicks", "cost_micros")
    ),
]
# Money without a currency, or an ad group without a campaign, would count for nothing.
OWN_EXPECTATIONS = {
    "customers": [
        {
            "severity": "block",
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": "currency_code", "regex": "^[A-Z]{3}$"},
        }
    ],
    **{
        table: [{"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}]
        for table, column in (
            ("campaigns", "customer_id"),
            ("ad_groups", "campaign_id"),
            ("click_views", "campaign_id"),
        )
    },
    **dict.fromkeys(PERFORMANCE, _FIGURES),
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
