"""The report of what was checked says what failed, never whose data it was, and asks nobody for anything."""

import os
import re
from pathlib import Path

import pandas as pd
import pytest

from dagster_project import audit_report
from ingestion.config import Settings

CANARY = "canary.person@example.com"
PLANTED = pd.DataFrame(
    {
        "email": [CANARY, f"{CANARY} no address", None, CANARY],
        "phone": ["+48 600 000 001", "canary-phone", "canary-phone", None],
        "amount": [1.0, 2.0, 3.0, -987654.25],
    }
)
ITEMS = [
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "email", "regex": "^[^ ]+@[^ ]+$"}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "email"}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "email"}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "phone", "value_set": ["none"]}},
    {"type": "expect_column_value_lengths_to_equal", "kwargs": {"column": "phone", "value": 3}},
    {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["email", "phone"]}},
    {
        "type": "expect_column_pair_values_a_to_be_greater_than_b",
        "kwargs": {"column_A": "amount", "column_B": "amount"},
    },
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "min_value": 0}, "claim": "A claim"},
    {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 9}},
]


@pytest.fixture(scope="module")
def failed():
    """Great Expectations' report of a table in which each expectation but one is broken by somebody's data."""
    return audit_report.validated("raw_crm.people", PLANTED, ITEMS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)})


def everything_in(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_what_failed_is_told_with_counts(settings, failed):
    index = audit_report.write(settings, "run", {"raw_crm.people": failed})
    assert "1 of 9 passed" in index.read_text()
    page = (index.parent / "raw_crm.people.html").read_text()
    assert "A claim" in page
    assert "1 unexpected values found" in page
    assert "Failed" in page


def test_no_value_of_the_data_is_in_the_report(settings, failed):
    audit_report.write(settings, "run", {"raw_crm.people": failed})
    written = everything_in(settings.data_dir / "audit")
    assert "expect" in written.lower()
    for value in ("canary", "600 000 001", "987654"):
        assert value not in written


def test_the_report_loads_and_runs_nothing(settings, failed):
    audit_report.write(settings, "run", {"raw_crm.people": failed})
    written = everything_in(settings.data_dir / "audit")
    assert not re.search(r"<script|<link|<img|<iframe|https?://|url\(", written, re.IGNORECASE)


def test_each_step_adds_its_tables_and_failed_ones_come_first(settings, failed):
    whatever = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}
    good = audit_report.validated("marts.b", PLANTED, [whatever])
    audit_report.write(settings, "run", {"marts.b": good})
    index = audit_report.write(settings, "run", {"marts.z": failed}).read_text()
    assert index.index("marts.z.html") < index.index("marts.b.html")
    assert "1 of 1 passed" in index


def test_the_reports_of_the_last_seven_runs_are_kept(settings, failed):
    for number in range(9):
        page = audit_report.write(settings, f"run {number}", {"marts.z": failed})
        os.utime(page.parent, (number, number))
    kept = sorted(path.name for path in (settings.data_dir / "audit").iterdir())
    assert kept == [f"run {number}" for number in range(2, 9)]
