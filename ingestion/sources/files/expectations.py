"""What the raw tables of the files must be, whatever the files hold: run by Great Expectations after each load.

`block` stops the publishing, `warn` is shown on the Data health page.
"""

from ingestion.contract import entities
from ingestion.versions import VERSION_COLUMNS

LOAD_ID = "_dlt_load_id"


def _expected_of(table: str) -> list[dict]:
    """Keys are filled, every row says when it was learnt, and no column appeared that the contract does not have.

    dlt puts a value of another type into a new column; the exact set of columns would betray it.
    """
    entity = entities()[table]
    columns = [*entity.column_names, *VERSION_COLUMNS, LOAD_ID]
    filled = ["_loaded_at", "_row_hash", *(name for name in entity.key if entity.column(name).is_required)]
    return [
        {
            "severity": "block",
            "type": "expect_table_columns_to_match_set",
            "kwargs": {"column_set": columns, "exact_match": True},
        },
        *(
            {"severity": "block", "type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}}
            for name in filled
        ),
    ]


EXPECTATIONS = {table: _expected_of(table) for table in entities()}
