"""The asset graph: it loads with nothing set, joins from file to dashboard, and every check is attached."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT_DIR = Path(__file__).resolve().parents[2]

DESCRIBE = """
import json
from dagster_project.definitions import defs
from dagster_project.defs.schedules import refresh
graph = defs.resolve_asset_graph()
job = defs.resolve_job_def("refresh")
keys = graph.get_all_asset_keys()
checks = graph.asset_check_keys
print(json.dumps({
    "parents": {k.to_user_string(): [p.to_user_string() for p in graph.get(k).parent_keys] for k in keys},
    "checks": [[c.asset_key.to_user_string(), c.name] for c in checks],
    "blocking": [[c.asset_key.to_user_string(), c.name] for c in checks if graph.get_check_spec(c).blocking],
    "executor": job.executor_def.name,
    "in_job": [k.to_user_string() for k in job.asset_layer.executable_asset_keys],
    "pools": {k.to_user_string(): sorted(graph.get(k).pools or []) for k in job.asset_layer.executable_asset_keys},
    "schedule": [defs.get_schedule_def("daily").cron_schedule, defs.get_schedule_def("daily").execution_timezone],
    "sensors": [s.name for s in defs.sensors],
}))
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What Dagster loads where nothing is set but a place for data."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "FUNNELHOUSE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }
    result = subprocess.run(
        [sys.executable, "-c", DESCRIBE], cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def ancestors(graph: dict, key: str) -> set[str]:
    found, waiting = set(), [key]
    while waiting:
        for parent in graph["parents"].get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def test_lineage_runs_from_the_file_to_the_dashboard(graph):
    upstream = ancestors(graph, "dashboard")
    assert {
        "systems/files",
        "playbook",
        "raw_files/leads",
        "staging/stg_files__leads",
        "unified/leads",
        "marts/dim_leads",
        "serving_file",
    } <= upstream


def test_every_asset_but_the_two_ends_has_a_parent(graph):
    assert {key for key, parents in graph["parents"].items() if not parents} == {"systems/files", "playbook"}


def test_every_check_is_attached_to_an_asset_of_the_graph(graph):
    assert graph["checks"]
    assert [check for check in graph["checks"] if check[0] not in graph["parents"]] == []


def test_expectations_stand_on_raw_tables_and_marts_and_block(graph):
    blocking = {asset for asset, name in graph["blocking"] if name == "expectations"}
    assert {"raw_files/leads", "raw_files/activities", "marts/dim_leads", "marts/fct_opportunities"} <= blocking


def test_what_a_mart_is_watched_by_are_columns_of_it():
    watched = 0
    for path in (PROJECT_DIR / "dbt_project" / "models" / "marts").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            if lately := model.get("config", {}).get("meta", {}).get("lately"):
                types = {column["name"]: column["data_type"] for column in model["columns"]}
                assert types[lately["date"]] == "date", model["name"]
                assert {types[column] for column in lately["columns"]} == {"string"}, model["name"]
                watched += 1
    assert watched > 10


def test_every_mart_and_list_of_people_is_published_and_how_figures_differ_from_what_was(graph):
    published = {key for key in graph["parents"] if key.startswith(("marts/", "pii/"))}
    assert "pii/contacts" in published
    assert published == set(graph["parents"]["restatements"])
    assert published | {"restatements"} == set(graph["parents"]["serving_file"])


def test_the_refresh_runs_in_one_process_every_morning(graph):
    assert graph["executor"] == "in_process"
    assert graph["schedule"] == ["0 5 * * *", "Europe/Warsaw"]
    assert graph["sensors"] == ["refresh_failed"]
    assert "serving_file" in graph["in_job"]


def test_everything_that_writes_shares_the_pool_of_one(graph):
    assert graph["pools"]
    assert {tuple(pools) for pools in graph["pools"].values()} == {("warehouse",)}
    assert yaml.safe_load((PROJECT_DIR / "dagster_project" / "dagster.yaml").read_text())["concurrency"]["pools"] == {
        "granularity": "run",
        "default_limit": 1,
    }
