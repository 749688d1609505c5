"""What the raw tables of Meta must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.meta_ads.tables import TABLES

# An account has one currency, without which its money means nothing; an ad set belongs to a campaign.
OWN_EXPECTATIONS = {
    "accounts": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "currency"}},
    ],
    **{
        table: [
            {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "campaign_id"}},
        ]
        for table in ("ad_sets", "ad_set_insights")
    },
    "campaign_insights": [
        {
            "severity": "warn",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "spend", "min_value": 0},
        },
    ],
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
