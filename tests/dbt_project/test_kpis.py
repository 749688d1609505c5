"""The semantic layer and its fast store say the same."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from ingestion.config import DBT_DIR, DEFAULT_PLAYBOOK_DIR

pytestmark = pytest.mark.refresh

MF_EXECUTABLE = str(Path(sys.executable).with_name("mf"))
METRICS = DBT_DIR / "models" / "marts" / "kpis" / "metrics.yml"
KPIS = [row["kpi"] for row in csv.DictReader((DEFAULT_PLAYBOOK_DIR / "kpis.csv").open(encoding="utf-8"))]
MEASURES = {
    row["measure"]: row["is_unknown_without_rows"] == "true"
    for row in csv.DictReader((DEFAULT_PLAYBOOK_DIR / "kpi_measures.csv").open(encoding="utf-8"))
}


@pytest.fixture(scope="module")
def stored(published_demo: Path) -> pd.DataFrame:
    """What the mart holds of each month, a column per KPI."""
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select month_start_date, kpi, value from marts.fct_kpis_monthly where dimension = 'all'"
        ).df()
    return rows.pivot(index="month_start_date", columns="kpi", values="value")[KPIS].astype(float)


@pytest.fixture(scope="module")
def queried(published_demo: Path, stored: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What the semantic layer answers, asked for all KPIs at once."""
    # It opens the warehouse to write, and looks for the manifest in the project's own folder; ours lies with the data.
    data_dir, project = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("project")
    shutil.copy(published_demo / "warehouse.duckdb", data_dir)
    for path in DBT_DIR.iterdir():
        if path.name != "target":
            (project / path.name).symlink_to(path)
    (project / "target").symlink_to(published_demo / "dbt")
    answer = project / "answer.csv"
    subprocess.run(
        [
            *(MF_EXECUTABLE, "query", "--metrics", ",".join(KPIS), "--group-by", "metric_time__month"),
            *("--start-time", f"{stored.index.min():%Y-%m-%d}", "--end-time", f"{stored.index.max():%Y-%m-%d}"),
            *("--decimals", "9", "--csv", str(answer)),
        ],
        cwd=project,
        env=os.environ
        | {
            "FUNNELHOUSE_DATA_DIR": str(data_dir),
            "FUNNELHOUSE_SOURCES": "files",
            "FUNNELHOUSE_SEEDS_DIR": str(published_demo / "playbook"),
            "DBT_PROJECT_DIR": str(project),
            "DBT_PROFILES_DIR": str(DBT_DIR),
            "PYTHONPATH": str(DBT_DIR.parent),  # what the profile names of ours
            "DBT_LOG_PATH": str(project),
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        check=True,
    )
    return pd.read_csv(answer, parse_dates=["metric_time__month"], index_col="metric_time__month").sort_index()


def test_every_kpi_is_a_metric_and_means_the_same_in_every_month(queried, stored):
    pd.testing.assert_frame_equal(
        queried[KPIS].astype(float), stored, check_names=False, check_index_type=False, rtol=1e-9, atol=1e-6
    )


def test_the_warehouse_makes_every_measure_that_a_kpi_may_name(published_demo):
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as connection:
        made = connection.execute("select distinct measure from intermediate.int_kpi_measures").fetchall()
    assert {measure for (measure,) in made} == set(MEASURES)


def test_a_measure_is_a_metric_that_is_unknown_in_the_months_in_which_the_mart_says_so():
    metrics = {metric["name"]: metric for metric in yaml.safe_load(METRICS.read_text())["metrics"]}
    for measure, is_unknown_without_rows in MEASURES.items():
        metric = metrics[measure]
        assert metric["filter"].endswith(f"= '{measure}'")
        assert ("fill_nulls_with" not in metric["type_params"]["measure"]) == is_unknown_without_rows, measure
