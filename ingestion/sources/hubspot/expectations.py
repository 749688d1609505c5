"""What the raw tables of HubSpot must be: run by Great Expectations after each load."""

from ingestion.records import expectations_of
from ingestion.sources.hubspot.tables import TABLES

OWN = {
    "contacts": [
        {
            "severity": "warn",
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": "email", "regex": r"^[^@\s]+@[^@\s]+$", "mostly": 0.99},
        }
    ],
    "deals": [
        {
            "severity": "warn",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "amount", "min_value": 0},
        }
    ],
    "contact_history": [
        {
            "severity": "block",
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "sequence", "min_value": 0},
        }
    ],
}
EXPECTATIONS = {name: [*found, *OWN.get(name, [])] for name, found in expectations_of(TABLES).items()}
