"""dbt's own unit tests, logic on fixed rows with answers computed by hand; and dbt as one runs it oneself."""

import os
import re
import shutil
import subprocess

import pytest
from refreshing import PROJECT_DIR, run_funnelhouse

from dagster_project.dbt import DBT_EXECUTABLE, dbt_environment
from ingestion.config import DBT_DIR, Settings

pytestmark = pytest.mark.refresh


def test_every_unit_test_gives_the_answer_computed_by_hand(demo_environment, published_demo, tmp_path):
    # dbt looks up the columns of the tested models' inputs, so they must have been built.
    shutil.copy(published_demo / "warehouse.duckdb", tmp_path)
    environment = demo_environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path)}
    result = run_funnelhouse("exec dbt test --select test_type:unit", environment)
    assert result.returncode == 0, result.stdout
    [(passed, warned, failed)] = re.findall(r"PASS=(\d+) WARN=(\d+) ERROR=(\d+)", result.stdout)
    assert (warned, failed) == ("0", "0")
    assert int(passed) >= 50


def test_dbt_finds_what_its_profile_names_of_ours_from_the_root_as_well(published_demo, tmp_path):
    (tmp_path / "playbook").symlink_to(published_demo / "playbook")
    environment = os.environ | dbt_environment(Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)}))
    del environment["DBT_PROJECT_DIR"]
    command = [DBT_EXECUTABLE, "show", "--project-dir", str(DBT_DIR), "--inline", "select 1 as answer"]
    answer = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout
