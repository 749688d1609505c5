"""What the raw tables of Google Analytics must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.google_analytics.tables import TABLES

OWN_EXPECTATIONS = {
    "sessions_daily": [
        {
            "severity": "warn",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": name, "min_value": 0},
        }
        for name in ("sessions", "total_users", "screen_page_views", "key_events")
    ],
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
