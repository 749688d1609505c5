"""What the tests share: data sets that have really been refreshed, from files to serving file, once for all processes.

They are to be looked at: whoever changes something, or opens a warehouse to write, takes a copy.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from hypothesis import settings
from refreshing import PROJECT_DIR, example_environment, refreshed
from speaking import NOW, STORY_SETUP, credentials, speaking, story
from xdist.scheduler import LoadScopeScheduling

from ingestion.simulator.filed import filed
from ingestion.simulator.server.connection import environment
from ingestion.simulator.write import write_entity

# The same cases every time, on any machine, however slow: a test that fails fails for everybody.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a refresh goes first: of the longest files, none is to be left over for one core alone."""
    items.sort(key=lambda item: item.get_closest_marker("refresh") is None)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file's content is no name of a test: gzip writes the second into it, and each process then has its own name."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> TogetherScheduling:
    """The processes that share the tests: pytest-xdist's own groups do not work with this pytest."""
    return TogetherScheduling(config, log)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Path]:
    """Make a folder unless one of the processes that share the tests has made it; the others wait for it."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, is_made = shared / name, shared / f"{name}.made"
        with FileLock(shared / f"{name}.lock"):
            if not is_made.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a process left that failed to make it
                folder.mkdir()
                make(folder)
                is_made.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def simulated_files(made_once: Callable[..., Path]) -> Path:
    """A folder with the files of a small made-up company."""

    def write(folder: Path) -> None:
        command = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", str(DEMO_LEADS)]
        command += ["--as-of", DEMO_AS_OF, "--out", str(folder)]
        subprocess.run(command, cwd=PROJECT_DIR, check=True, capture_output=True)

    return made_once("simulated", write)


@pytest.fixture(scope="session")
def demo_environment(simulated_files: Path) -> dict[str, str]:
    """The settings under which the made-up company is refreshed, but for the data directory."""
    return {"FUNNELHOUSE_FILES_DIR": str(simulated_files), "FUNNELHOUSE_AS_OF": DEMO_AS_OF}


@pytest.fixture(scope="session")
def published_demo(made_once: Callable[..., Path], demo_environment: dict[str, str]) -> Path:
    """The data directory of the made-up company after a refresh."""
    return made_once("demo", lambda folder: refreshed(demo_environment | {"FUNNELHOUSE_DATA_DIR": str(folder)}))


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
def published_olist(made_once: Callable[..., Path]) -> Path:
    """The data directory of the 8,000 real leads after a refresh."""
    return made_once("olist", lambda folder: refreshed(example_environment("olist", folder, "2018-12-01T00:00:00Z")))


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
