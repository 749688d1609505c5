"""What the raw tables of the spreadsheets must be: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.sources.spreadsheets.templates import Template, templates
from ingestion.versions import VERSION_COLUMNS

# A credit note is negative, but rarely; a minus is easily a slip.
OWN_EXPECTATIONS = {
    table: [
        {"severity": "warn", "type": "expect_column_values_to_be_between", "kwargs": {"column": name, "min_value": 0}}
    ]
    for table, name in (("offline_spend", "cost"), ("costs", "amount"))
}


def _expected_of(template: Template) -> list[dict]:
    """Required cells are filled, every row says when it was learnt, and no column appeared that nobody declared."""
    filled = [column.name for column in template.required if not column.may_be_empty]
    people = ["email_key"] if "email" in template.columns else []
    return [
        {
            "severity": "block",
            "type": "expect_table_columns_to_match_set",
            "kwargs": {
                "column_set": [*template.raw_columns, *VERSION_COLUMNS, "_dlt_load_id"],
                "exact_match": True,
            },
        },
        *(
            {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
            for name in ("_loaded_at", "_row_hash", "file", *filled, *people)
        ),
        *OWN_EXPECTATIONS.get(template.name, ()),
    ]


EXPECTATIONS = {name: _expected_of(template) for name, template in templates().items()}
