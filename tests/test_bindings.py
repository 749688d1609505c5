"""Nothing that listens can be reached from another machine; who else may open the dashboard is a matter of sign-in."""

import subprocess
import tomllib
from pathlib import Path

from ingestion.simulator.server.serve import listening

PROJECT_DIR = Path(__file__).resolve().parent.parent


def recipe(target: str) -> str:
    """What make would run."""
    command = ["make", "--dry-run", target]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True).stdout


def test_dagster_listens_to_this_machine_alone():
    assert "dagster dev --host 127.0.0.1 " in recipe("dagster")


def test_the_dashboard_listens_to_this_machine_alone():
    config = tomllib.loads((PROJECT_DIR / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert "server.address" not in recipe("app")


def test_the_simulator_listens_to_this_machine_alone():
    with listening(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
