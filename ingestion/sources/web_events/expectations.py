"""What the raw tables of events must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.web_events.tables import TABLES

OWN_EXPECTATIONS = {
    "events": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in ("event_type", "occurred_at")
    ],
    "consents": [
        {
            "severity": "block",
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "status", "value_set": ["granted", "withdrawn"]},
        },
    ],
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
