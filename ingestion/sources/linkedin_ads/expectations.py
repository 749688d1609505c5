"""What the raw tables of LinkedIn must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.linkedin_ads.tables import TABLES

# An account has one currency, without which its money means nothing. LinkedIn takes back money by tiny negative costs.
OWN_EXPECTATIONS = {
    "accounts": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "currency"}},
    ],
    "campaigns": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "campaign_group_id"}},
    ],
    **{
        table: [
            {
                "severity": "warn",
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "cost_in_local_currency", "min_value": -0.01},
            },
        ]
        for table in ("campaign_group_analytics", "campaign_analytics")
    },
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
