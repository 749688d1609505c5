"""What befalls a whole refresh, one thing after the other on one company, and how the refresh after all of it ends."""

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from refreshing import PROJECT_DIR, run_funnelhouse

from benchmarks.killed_refreshes import Company

pytestmark = pytest.mark.refresh

# Enough for dbt's description of the project, too little for a warehouse.
FULL_AT_BYTES = 12_000_000
# DuckDB's file begins with three headers; what is written into a block begins with its checksum.
HEADERS_BYTES, BLOCK_BYTES = 3 * 4096, 262_144
# The steps of some assets alone: the build takes most of a refresh.
SOME_STEPS = """
import sys
import dagster as dg
from dagster_project.definitions import defs
from dagster_project.progress import progress_logger
job = defs.resolve_job_def("refresh").with_logger_defs({"progress": progress_logger(1)})
keys = [key for key in job.asset_layer.executable_asset_keys if key.to_user_string().startswith(tuple(sys.argv[1:]))]
with dg.DagsterInstance.get() as instance:
    job.execute_in_process(instance=instance, asset_selection=keys, run_config={"loggers": {"progress": {}}})
"""


@dataclass(frozen=True)
class Story:
    """What each disturbed command said, in which steps refreshes were killed, and what readers saw after each of it."""

    company: Company
    said: dict[str, subprocess.CompletedProcess[str]]
    killed_while: list[str | None]
    readers_saw: list[Path]
    published_before: Path


@pytest.fixture(scope="module")
def story(published_demo, simulated_files, demo_environment, tmp_path_factory) -> Story:
    """A company that has published, and then loses its warehouse and is disturbed in each step of what comes after."""
    data_dir = tmp_path_factory.mktemp("disturbed")
    shutil.copytree(published_demo / "serving", data_dir / "serving", symlinks=True)
    shutil.copy(published_demo / "hash_secret", data_dir)
    company = Company(data_dir, simulated_files, demo_environment["FUNNELHOUSE_AS_OF"])
    environment = {name: value for name, value in company.environment.items() if name.startswith("FUNNELHOUSE_")}
    published, said, killed_while, readers_saw = seen(data_dir), {}, [], []

    said["full"] = run_funnelhouse("refresh", environment, file_size_limit=FULL_AT_BYTES)
    readers_saw.append(seen(data_dir))
    for step in ("Loading files", "Building and testing the warehouse", "Checking expectations marts"):
        killed_while.append(company.killed_at(step, 0.5))
        readers_saw.append(seen(data_dir))
    killed_while.append(killed_while_publishing(company))
    readers_saw.append(seen(data_dir))
    damage(data_dir / "warehouse.duckdb", "raw_files.activities")
    said["damaged"] = run_funnelhouse("refresh", environment)
    readers_saw.append(seen(data_dir))
    for file in data_dir.glob("warehouse.duckdb*"):
        file.rename(data_dir / f"damaged_{file.name}")
    said["restored"] = run_funnelhouse("restore", environment)
    said["undisturbed"] = run_funnelhouse("refresh", environment)
    return Story(company, said, killed_while, readers_saw, published)


def seen(data_dir: Path) -> Path:
    """The file that readers see, read through: a table that is not whole fails here."""
    file = (data_dir / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        [(promised,)] = connection.execute("select row_counts ->> 'dim_leads' from marts.published_run").fetchall()
        assert connection.execute("select count(*) from marts.dim_leads").fetchall() == [(int(promised),)]
    return file


def some_steps(company: Company, *assets: str) -> subprocess.Popen:
    """Start the steps of a refresh that make the assets whose names begin so."""
    environment = company.environment | {"DAGSTER_HOME": str(company.data_dir / "dagster")}
    command = [sys.executable, "-c", SOME_STEPS, *assets]
    with company.output.open("w") as words:
        return subprocess.Popen(command, cwd=PROJECT_DIR, env=environment, stdout=words, stderr=words)


def killed_while_publishing(company: Company) -> str | None:
    process = some_steps(company, "restatements", "serving_file")
    while company.step() != "Publishing" and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    return company.step() if process.wait() == -signal.SIGKILL else None


def damage(warehouse: Path, table: str) -> None:
    """Overwrite what a table's first block holds; the catalogue stays as it is."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("checkpoint")
        [(block,)] = connection.execute(
            "select min(block_id) from pragma_storage_info(?) where persistent and block_id >= 0", [table]
        ).fetchall()
    with warehouse.open("r+b") as file:
        file.seek(HEADERS_BYTES + block * BLOCK_BYTES + BLOCK_BYTES // 2)
        file.write(b"\xff" * 1000)


def complaints(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What a command that failed said was wrong, but for that nothing was published."""
    assert (result.returncode, "Traceback" in result.stderr) == (1, False), result.stderr
    lines = [line for line in result.stderr.splitlines() if line.lstrip().startswith("✗")]
    return [line for line in lines if "Nothing was published" not in line]


def test_a_disk_that_is_full_while_building_is_one_line(story):
    [line] = complaints(story.said["full"])
    assert "Building and testing" in story.said["full"].stderr
    assert line.startswith(f"✗ The disk of {story.company.data_dir} is full")


def test_refreshes_were_killed_in_every_phase(story):
    assert story.killed_while == [
        "Loading files",
        "Building and testing the warehouse",
        "Checking expectations marts",
        "Publishing",
    ]


def test_a_damaged_block_is_one_line_that_names_the_file_and_the_way_out(story):
    [line] = complaints(story.said["damaged"])
    assert line.startswith(f"✗ load_files: {story.company.data_dir / 'warehouse.duckdb'} cannot be read")
    assert "make restore" in line
    assert "checksum" not in line


def test_readers_keep_a_whole_state_whatever_befalls_a_refresh(story):
    assert len(story.readers_saw) == 6
    # Only the refresh that was killed while publishing may have come so far as to swap the file in.
    assert set(story.readers_saw[:4]) == {story.published_before}


def test_after_all_of_it_restore_and_one_refresh_end_right_and_equal(story, published_demo, query):
    for name in ("restored", "undisturbed"):
        assert story.said[name].returncode == 0, story.said[name].stderr
    assert seen(story.company.data_dir) not in story.readers_saw
    marts = story.company.marts()
    assert len(marts) > 40
    for name, rows in marts.items():
        assert rows == query(published_demo, f"select * from marts.{name} order by all"), name


def test_a_refresh_says_that_the_clock_was_set_back_and_that_it_loads_nothing(story):
    company = Company(story.company.data_dir, story.company.files, "2026-10-31T00:00:00Z")
    assert some_steps(company, "raw_files/").wait() == 0
    assert company.output.read_text().splitlines() == [
        "Loading files …",
        "  nothing loaded: 2026-10-31 00:00 lies before the last load of 2026-11-01 00:00",
        "Checking expectations raw files …",
    ]
