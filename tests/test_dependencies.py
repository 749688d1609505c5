"""Dependencies point one way: ingestion → warehouse → serving → app."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parent.parent
RUFF = Path(sys.executable).with_name("ruff")


@pytest.mark.parametrize(
    ("folder", "module"),
    [
        ("ingestion", "dagster"),
        ("ingestion", "dbt.cli"),
        ("ingestion", "streamlit"),
        ("ingestion/sources/files", "dagster_project"),
        ("app", "ingestion"),
        ("app/views", "dagster_project"),
        ("app/views", "dlt"),
        ("dagster_project/defs", "app.data"),
        ("dagster_project", "streamlit"),
        ("attribution", "duckdb"),
        ("attribution", "ingestion"),
        ("scoring", "duckdb"),
        ("scoring", "ingestion"),
    ],
)
def test_the_linter_refuses_an_import_against_the_direction(folder, module):
    result = subprocess.run(
        [str(RUFF), "check", "--select", "TID251", "--stdin-filename", f"{folder}/probe.py", "-"],
        cwd=PROJECT_DIR,
        input=f"import {module}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "TID251" in result.stdout


@pytest.mark.parametrize("folder", ["ingestion", "dagster_project", "attribution", "scoring", "app"])
def test_the_project_itself_keeps_the_direction(folder):
    result = subprocess.run(
        [str(RUFF), "check", "--select", "TID251", folder], cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout
