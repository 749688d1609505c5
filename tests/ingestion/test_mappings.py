"""Which fields of a source hold our columns, and what happens where a source does not have them."""

import json
from pathlib import Path

import pytest

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.mappings import field_mappings, mapped_columns, present_fields

ROWS = "source,object,source_field,column_name\nsalesforce,leads,Persona__c,persona\nhubspot,contacts,hs_role,persona\n"


def settings_of(folder: Path, own: str | None = None) -> Settings:
    environment = {"FUNNELHOUSE_DATA_DIR": str(folder / "data"), "FUNNELHOUSE_SOURCES": "salesforce"}
    if own:
        (folder / "field_mappings.csv").write_text(own)
        environment["FUNNELHOUSE_PLAYBOOK_DIR"] = str(folder)
    return Settings.from_environment(environment)


def test_a_connector_hears_of_the_fields_and_dbt_of_the_columns(tmp_path):
    settings = settings_of(tmp_path, ROWS)
    assert field_mappings(settings, "salesforce") == {"leads": {"persona": "Persona__c"}}
    assert json.loads(mapped_columns(settings)) == {"salesforce": {"leads": {"persona": "persona_c"}}}


def test_a_default_field_that_a_company_lacks_stays_empty_with_a_notice(tmp_path):
    notices: list[str] = []
    mapped = {"persona": "Persona__c", "job_title": "Title"}
    assert present_fields(settings_of(tmp_path), "Salesforce's Lead", mapped, {"Title"}, notices) == {
        "job_title": "Title"
    }
    [notice] = notices
    assert notice.startswith("Salesforce's Lead shows no field 'Persona__c' (persona); ")


def test_a_field_that_the_company_itself_named_must_be_there(tmp_path):
    settings = settings_of(tmp_path, ROWS)
    with pytest.raises(
        Fault, match=r"^field_mappings.csv: Salesforce's Lead shows no field 'Persona__c' \(persona\); "
    ):
        present_fields(settings, "Salesforce's Lead", {"persona": "Persona__c"}, {"Title"}, [])
