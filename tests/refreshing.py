"""Run Funnelhouse as `make` does, for tests that need a whole refresh."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT_DIR.parent / "shared" / "data"


def run_funnelhouse(
    command: str, environment: dict[str, str], file_size_limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m dagster_project …` as `make` does, with nothing of this session's settings but `environment`.

    No file may grow beyond `file_size_limit` bytes: as if the disk were full.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size_limit, file_size_limit))

    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FUNNELHOUSE_", "DBT_"))}
    # Set but empty, so that a developer's own .env does not reach the tests.
    unset = dict.fromkeys(re.findall(r"FUNNELHOUSE_\w+", (PROJECT_DIR / ".env.example").read_text()), "")
    return subprocess.run(
        [sys.executable, "-m", "dagster_project", *command.split()],
        cwd=PROJECT_DIR,
        env=inherited | unset | environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit if file_size_limit else None,
    )


def refreshed(environment: dict[str, str]) -> Path:
    """Refresh into a data directory and return it; a failed refresh fails the test with what it said."""
    result = run_funnelhouse("refresh", environment)
    assert result.returncode == 0, result.stderr
    return Path(environment["FUNNELHOUSE_DATA_DIR"])


def compiled(data_dir: Path, model: str) -> str:
    """A model's SQL as the last refresh ran it."""
    paths = (data_dir / "dbt").rglob(f"compiled/funnelhouse/models/*/*/{model}.sql")
    return max(paths, key=lambda path: path.stat().st_mtime).read_text()


def example_environment(name: str, data_dir: Path, as_of: str) -> dict[str, str]:
    """The settings that examples/<name>/README.md gives."""
    data = SHARED_DATA / name
    if not data.is_dir():
        message = f"{data} is not here: the data set may not be copied into the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return {
        "FUNNELHOUSE_DATA_DIR": str(data_dir),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_FILES_DIR": f"examples/{name}:{data}",
        "FUNNELHOUSE_PLAYBOOK_DIR": f"examples/{name}/playbook",
        "FUNNELHOUSE_AS_OF": as_of,
    }
