"""Which fields of a source hold our columns: the playbook's `field_mappings.csv`, for whoever asks for the fields."""

import json

from ingestion import playbook
from ingestion.config import Settings
from ingestion.pages import column_name


def field_mappings(settings: Settings, source: str) -> dict[str, dict[str, str]]:
    """Per object of a source, our column → the vendor's field. Raises Fault where the playbook is broken."""
    fields: dict[str, dict[str, str]] = {}
    for row in playbook.read(settings)["field_mappings"]:
        if row["source"] == source:
            fields.setdefault(row["object"], {})[row["column_name"]] = row["source_field"]
    return fields


def mapped_columns(settings: Settings) -> str:
    """Per source and object, our column → the raw table's column, as JSON: what dbt's macro `mapped_field` reads."""
    columns: dict[str, dict[str, dict[str, str]]] = {}
    for row in playbook.read(settings)["field_mappings"]:
        of_object = columns.setdefault(row["source"], {}).setdefault(row["object"], {})
        of_object[row["column_name"]] = column_name(row["source_field"])
    return json.dumps(columns, sort_keys=True)
