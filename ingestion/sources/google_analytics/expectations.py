"""What the raw tables of Google Analytics must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.google_analytics.tables import ALL_TABLES

OWN_EXPECTATIONS = {
    "exported_events": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in ("event_name", "occurred_at")
    ],
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
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(ALL_TABLES).items()
}
