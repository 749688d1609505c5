"""What the raw tables of Salesforce must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.records import expectations_of
from ingestion.sources.salesforce.tables import TABLES

# Ids have 18 characters everywhere in the API; others would not join.
_IDS = {
    "severity": "block",
    "type": "expect_column_value_lengths_to_equal",
    "kwargs": {"column": "id", "value": 18},
}
_SOURCE_WORDS = {
    "leads": {"column": "status"},
    "opportunities": {"column": "stage_name"},
    "opportunity_history": {"column": "stage_name"},
    "lead_history": {"column": "field"},
}

EXPECTATIONS = {
    table: [
        *expectations,
        _IDS,
        *(
            [{"severity": "warn", "type": "expect_column_values_to_not_be_null", "kwargs": _SOURCE_WORDS[table]}]
            if table in _SOURCE_WORDS
            else []
        ),
    ]
    for table, expectations in expectations_of(TABLES).items()
}
