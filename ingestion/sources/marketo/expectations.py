"""What the raw tables of Marketo must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.marketo.tables import TABLES

# Marketo makes ids from 1 on, and an activity belongs to a person whom it knows.
OWN_EXPECTATIONS = {
    "leads": [
        {"severity": "block", "type": "expect_column_values_to_be_between", "kwargs": {"column": "id", "min_value": 1}},
    ],
    "activities": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in ("lead_id", "activity_date", "activity_type_id")
    ],
    "lead_changes": [
        {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
        for name in ("lead_id", "activity_date")
    ],
    "program_costs": [
        {
            "severity": "warn",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "cost", "min_value": 0},
        },
    ],
}
EXPECTATIONS = {
    table: [*expected, *OWN_EXPECTATIONS.get(table, ())] for table, expected in expectations_of(TABLES).items()
}
