"""What the tests share: data sets that have really been refreshed, from files to serving file, once per session."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from refreshing import PROJECT_DIR, example_environment, refreshed
from speaking import NOW, STORY_SETUP, credentials, speaking, story
from xdist.scheduler import LoadScopeScheduling

from ingestion.simulator.filed import filed
from ingestion.simulator.server.connection import environment
from ingestion.simulator.write import write_entity

DEMO_AS_OF = "2026-11-01T00:00:00Z"
DEMO_LEADS = 1500


class TogetherScheduling(LoadScopeScheduling):
    """Which tests one process runs: those of the dashboard, of one vendor in `test_api_sources`, of one file."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        vendor = re.search(r"\[(\w+?)(-|\])", test) if file.endswith("test_api_sources.py") else None
        if file.startswith("tests/app/"):  # they look at one refresh, which each process would make for itself
            return "dashboard"
        return f"{file} {vendor[1]}" if vendor else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TogetherScheduling:
    """The processes that share the tests: pytest-xdist's own groups do not work with this pytest."""
    return TogetherScheduling(config, log)


@pytest.fixture(scope="session")
def simulated_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a small made-up company."""
    folder = tmp_path_factory.mktemp("simulated")
    command = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", str(DEMO_LEADS), "--as-of", DEMO_AS_OF]
    subprocess.run([*command, "--out", str(folder)], cwd=PROJECT_DIR, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def demo_environment(simulated_files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings under which the made-up company is refreshed."""
    return {
        "FUNNELHOUSE_DATA_DIR": str(tmp_path_factory.mktemp("demo")),
        "FUNNELHOUSE_FILES_DIR": str(simulated_files),
        "FUNNELHOUSE_AS_OF": DEMO_AS_OF,
    }


@pytest.fixture(scope="session")
def published_demo(demo_environment: dict[str, str]) -> Path:
    """The data directory of the made-up company after a refresh."""
    return refreshed(demo_environment)


@pytest.fixture(scope="session")
def published_systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a small made-up company after a refresh from the APIs of its systems and its files."""
    data_dir = tmp_path_factory.mktemp("systems")
    files = data_dir / "inbox"
    files.mkdir()
    for name, rows in filed(story(), STORY_SETUP, NOW).items():
        write_entity(name, rows, files)
    with speaking() as (url, state):
        return refreshed(
            {
                "FUNNELHOUSE_DATA_DIR": str(data_dir),
                "FUNNELHOUSE_FILES_DIR": str(files),
            }
            | credentials(url, state)
            | environment(url, state)
        )


@pytest.fixture(scope="session")
def published_olist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the 8,000 real leads after a refresh."""
    return refreshed(example_environment("olist", tmp_path_factory.mktemp("olist"), "2018-12-01T00:00:00Z"))


@pytest.fixture(scope="session")
def published_crm_opportunities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the 8,800 opportunities after a refresh."""
    data_dir = tmp_path_factory.mktemp("crm_opportunities")
    return refreshed(example_environment("crm_opportunities", data_dir, "2017-12-31T23:59:59Z"))


@pytest.fixture(scope="session")
def published_online_ads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of three campaigns without a lead after a refresh."""
    return refreshed(example_environment("online_ads", tmp_path_factory.mktemp("online_ads"), "2020-07-15T00:00:00Z"))


@pytest.fixture(scope="session")
def query() -> Callable[..., list[tuple]]:
    """Ask the serving file of a data directory, as the dashboard does."""

    def ask(data_dir: Path, sql: str, parameters: list | None = None) -> list[tuple]:
        path = (data_dir / "serving" / "current.duckdb").resolve()
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql, parameters or []).fetchall()

    return ask
