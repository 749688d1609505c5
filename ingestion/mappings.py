"""Which fields of a source hold our columns: the playbook's `field_mappings.csv`, for whoever asks for the fields."""

import json
from collections.abc import Collection, Mapping

from ingestion import playbook
from ingestion.config import Settings
from ingestion.faults import Fault
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


def present_fields(
    settings: Settings, owner: str, mapped: Mapping[str, str], known: Collection[str], notices: list[str]
) -> dict[str, str]:
    """Those of the mapped fields (our column → field) that an object has; `owner` names it, as in "Salesforce's Lead".

    The default playbook names fields that many companies have: one that is not there leaves its column empty, and a
    notice says so. Raises Fault where a company's own playbook names such a field.
    """
    missing = {column: field for column, field in mapped.items() if field not in known}
    named = ", ".join(f"'{field}' ({column})" for column, field in sorted(missing.items()))
    if missing and playbook.files_in_force(settings.playbook_dir)["field_mappings"].parent == settings.playbook_dir:
        raise Fault(
            f"field_mappings.csv: {owner} shows no field {named}; correct the API name, let the user of the connection "
            "read the field, or take the row out."
        )
    if missing:
        notices.append(f"{owner} shows no field {named}; to fill it, name yours in a field_mappings.csv of your own.")
    return {column: field for column, field in mapped.items() if column not in missing}
