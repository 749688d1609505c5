"""The contract is read as it is declared: entities, their keys and columns, and the tables of the playbook."""

import pytest
import yaml
from conftest import PROJECT_DIR

from ingestion.contract import entities, playbook_tables, referenced_table
from ingestion.landing import ARROW_TYPES
from ingestion.sources.files.expectations import EXPECTATIONS
from ingestion.versions import VERSION_COLUMNS

UNIFIED = yaml.safe_load((PROJECT_DIR / "dbt_project" / "models" / "unified" / "unified.yml").read_text())["models"]


def test_every_declared_entity_may_be_supplied_and_nothing_else():
    meta = {model["name"]: model.get("config", {}).get("meta", {}) for model in UNIFIED}
    declared = {name for name, said in meta.items() if said.get("entity", True) and "input_to" not in said}
    assert set(entities()) == declared
    assert {"leads", "activities", "opportunities", "costs_monthly"} <= declared
    assert declared.isdisjoint({"contacts", "quarantine", "source_loads", "activity_names"})


@pytest.mark.parametrize("name", sorted(entities()))
def test_an_entity_has_a_key_of_its_own_and_columns_of_known_types(name):
    entity = entities()[name]
    assert set(entity.key) <= set(entity.column_names)
    assert any(entity.column(part).is_required for part in entity.key)
    assert {column.data_type for column in entity.columns} <= set(ARROW_TYPES)
    assert len(set(entity.column_names)) == len(entity.column_names)


@pytest.mark.parametrize("name", sorted(entities()))
def test_what_funnelhouse_fills_in_itself_is_no_input(name):
    columns = set(entities()[name].column_names)
    assert columns.isdisjoint({"source", "loaded_at", "is_deleted", "source_lead_id", "source_account_id"})
    assert columns.isdisjoint(VERSION_COLUMNS)


def test_a_lead_carries_the_columns_of_the_contact_after_its_own():
    names = entities()["leads"].column_names
    assert names[-3:] == ["full_name", "email", "phone"]
    assert names.count("company_name") == names.count("lead_id") == 1


def test_required_columns_and_accepted_values_are_those_declared():
    changes, opportunities = entities()["lead_stage_changes"], entities()["opportunities"]
    assert [c.name for c in changes.columns if c.is_required] == [
        "lead_id",
        "stage",
        "changed_at",
        "changed_at_precision",
    ]
    assert opportunities.column("opportunity_type").accepted_values == ["new", "expansion", "renewal"]
    assert opportunities.column("currency").accepted_values is None


def test_every_precision_stands_beside_its_moment():
    for entity in entities().values():
        for name in entity.column_names:
            if name.endswith("_precision"):
                assert entity.column(name.removesuffix("_precision")).data_type == "timestamp"


def test_every_reference_is_to_a_table_and_column_of_the_playbook():
    found = 0
    for table in (*entities().values(), *playbook_tables().values()):
        for column in table.columns:
            lookup = column.tests.get("relationships")
            if lookup:
                assert lookup["field"] in playbook_tables()[referenced_table(lookup["to"])].column_names
                found += 1
    assert found >= 4


def test_every_playbook_table_has_a_key_and_a_file():
    for name, table in playbook_tables().items():
        assert set(table.key) <= set(table.column_names)
        assert (PROJECT_DIR / "dbt_project" / "seeds" / "playbook" / f"{name}.csv").is_file()


def test_every_entity_is_expected_to_have_exactly_its_columns():
    for name, entity in entities().items():
        [columns] = [e["kwargs"]["column_set"] for e in EXPECTATIONS[name] if "column_set" in e["kwargs"]]
        assert set(columns) == {*entity.column_names, *VERSION_COLUMNS, "_dlt_load_id"}
