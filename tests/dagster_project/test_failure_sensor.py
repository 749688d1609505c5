"""A run that was killed has no step left that could tell anybody: the failure sensor does, once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from channel import channel
from refreshing import PROJECT_DIR

pytestmark = pytest.mark.refresh

FAIL_TWICE_HEARD = """
import dagster as dg
from dagster_project.defs.schedules import refresh_failed

@dg.op
def step():
    raise ValueError("somebody@example.com is not a number")

@dg.job(name="refresh")
def refresh():
    step()

with dg.DagsterInstance.ephemeral() as instance:
    result = refresh.execute_in_process(instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        "refresh_failed", result.get_run_failure_event(), instance, result.dagster_run
    ).for_run_failure()
    for _ in range(2):
        refresh_failed(context)
    print(result.run_id)
"""


def test_the_failure_sensor_tells_readers_and_the_channel_of_a_killed_run_once(published_demo: Path, tmp_path: Path):
    data_dir = tmp_path / "data"
    (data_dir / "dbt").mkdir(parents=True)
    shutil.copy(published_demo / "dbt" / "manifest.json", data_dir / "dbt")
    with channel() as heard:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("FUNNELHOUSE_", "DBT_"))
        } | {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_ALERT_WEBHOOK": heard.url}
        result = subprocess.run(
            [sys.executable, "-c", FAIL_TWICE_HEARD],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 0, result.stderr
    run_id = result.stdout.split()[-1]
    note = json.loads((data_dir / "serving" / "last_run.json").read_text())
    assert (note["status"], note["run_id"], note["failed_runs"]) == ("failed", run_id, 1)
    assert f"refresh {run_id} failed" in result.stderr
    assert [(message["run_id"], message["failed"]) for message in heard.posted] == [(run_id, ["refresh"])]
    assert "somebody@example.com" not in json.dumps(heard.posted), "what an error found stays here"
