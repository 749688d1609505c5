"""What befalls a refresh, one thing after the other on one company, and how the refresh after all of it ends."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance
from refreshing import PROJECT_DIR, run_funnelhouse

from benchmarks.killed_refreshes import Company, Reader

pytestmark = pytest.mark.refresh

# Enough for dbt's description of the project, too little for a warehouse.
FULL_AT_BYTES = 12_000_000
# DuckDB's file begins with three headers; what is written into a block begins with its checksum.
HEADERS_BYTES, BLOCK_BYTES = 3 * 4096, 262_144
# How often each step is killed. One after the other, so that each begins with what the one before left.
KILLS = {
    "check_marts": 6,
    "restatements": 4,
    "serving_file": 8,
    "playbook": 4,
    "load_files": 16,
    "check_raw_files": 6,
    "build_warehouse": 6,
}


@dataclass(frozen=True)
class Story:
    """What each disturbed command said, how often each step was killed, and what readers saw meanwhile."""

    company: Company
    said: dict[str, subprocess.CompletedProcess[str]]
    kills: dict[str, int]
    reader: Reader
    published: list[Path]


@pytest.fixture(scope="module")
def story(published_demo, simulated_files, demo_environment, tmp_path_factory) -> Story:
    """A company whose checks and publications are killed, which then loses its warehouse, and so on to a refresh."""
    data_dir = tmp_path_factory.mktemp("disturbed") / "data"
    shutil.copytree(published_demo, data_dir, symlinks=True)
    company = Company(data_dir, simulated_files, demo_environment["FUNNELHOUSE_AS_OF"])
    environment = {name: value for name, value in company.environment.items() if name.startswith("FUNNELHOUSE_")}
    said, kills, published = {}, {}, []
    with Reader(data_dir / "serving") as reader, steps_of(company, seconds_of_steps(published_demo)) as steps:
        for step in ("check_marts", "restatements", "serving_file", "playbook"):
            kills[step] = steps.killed(step)
        lose_what_was_loaded(data_dir)
        kills["load_files"] = steps.killed("load_files")
        assert steps.run("load_files") == 0, company.output.read_text()
        kills["check_raw_files"] = steps.killed("check_raw_files")
        published.append(current(data_dir))
        shutil.rmtree(data_dir / "dagster" / "history")  # it has grown too large for a disk that is full so soon
        said["full"] = run_funnelhouse("refresh", environment, file_size_limit=FULL_AT_BYTES)
        damage(data_dir / "warehouse.duckdb", "raw_files.activities")
        said["damaged"] = run_funnelhouse("refresh", environment)
        for file in data_dir.glob("warehouse.duckdb*"):
            file.rename(data_dir / f"damaged_{file.name}")
        said["restored"] = run_funnelhouse("restore", environment)
        kills["build_warehouse"] = steps.killed("build_warehouse")
        published.append(current(data_dir))
        said["undisturbed"] = run_funnelhouse("refresh", environment)
        published.append(current(data_dir))
    return Story(company, said, kills, reader, published)


class Steps:
    """Steps of a company's refresh, each run in a process of its own by steps.py."""

    def __init__(self, company: Company, process: subprocess.Popen, seconds: dict[str, float]) -> None:
        self.company, self.process, self.seconds = company, process, seconds
        self.lot = random.Random(1)

    def start(self, step: str) -> int:
        os.truncate(self.company.output, 0)
        self.process.stdin.write(f"{step}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ended(self) -> int:
        return int(self.process.stdout.readline())

    def run(self, step: str) -> int:
        self.start(step)
        return self.ended()

    def killed(self, step: str) -> int:
        """Kill a step so often, each time at a moment drawn from those that it takes; return how often."""
        count = 0
        while count < KILLS[step]:
            process = self.start(step)
            with suppress(ProcessLookupError):  # it may be quicker than that
                while not self.company.output.read_text():
                    os.kill(process, 0)
                    time.sleep(0.02)
                time.sleep(self.lot.uniform(0, self.seconds[step]))
                os.kill(process, signal.SIGKILL)  # it alone: dbt is to end by itself
            code, words = self.ended(), self.company.output.read_text()
            assert code in (0, -signal.SIGKILL), words
            assert "✗" not in words and "Traceback" not in words, words
            count += code == -signal.SIGKILL
            if step == "load_files" and code == 0:  # the next one is to have something to load
                lose_what_was_loaded(self.company.data_dir)
        return count


@contextmanager
def steps_of(company: Company, seconds: dict[str, float]) -> Iterator[Steps]:
    environment = company.environment | {
        "DAGSTER_HOME": str(company.data_dir / "dagster"),
        "PYTHONPATH": str(PROJECT_DIR),
    }
    with (
        company.output.open("a") as words,
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("steps.py"))],
            cwd=PROJECT_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        ) as process,
    ):
        yield Steps(company, process, seconds)


def seconds_of_steps(data_dir: Path) -> dict[str, float]:
    """How long each step of a company's refresh took."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(data_dir / "dagster"))
        instance = DagsterInstance.get()
    with instance:
        [run] = instance.get_runs()
        return {step.step_key: step.end_time - step.start_time for step in instance.get_run_step_stats(run.run_id)}


def current(data_dir: Path) -> Path:
    return (data_dir / "serving" / "current.duckdb").resolve()


def lose_what_was_loaded(data_dir: Path) -> None:
    for file in data_dir.glob("warehouse.duckdb*"):
        file.unlink()
    for folder in ("raw", "dlt"):
        shutil.rmtree(data_dir / folder, ignore_errors=True)


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


def test_fifty_kills_at_random_moments_fall_into_every_step(story):
    assert story.kills == KILLS
    assert sum(KILLS.values()) == 50


def test_a_damaged_block_is_one_line_that_names_the_file_and_the_way_out(story):
    [line] = complaints(story.said["damaged"])
    assert line.startswith(f"✗ load_files: {story.company.data_dir / 'warehouse.duckdb'} cannot be read")
    assert "make restore" in line
    assert "checksum" not in line


def test_readers_saw_a_whole_state_whatever_befell_the_refresh(story):
    assert story.reader.faults == []
    assert story.reader.look_count > 100
    # What was killed while publishing may have published; what came after it has not, until it ended well.
    before, disturbed, after = story.published
    assert before == disturbed != after


def test_after_all_of_it_restore_and_one_refresh_end_right_and_equal(story, published_demo, query):
    for name in ("restored", "undisturbed"):
        assert story.said[name].returncode == 0, story.said[name].stderr
    marts = story.company.marts()
    assert len(marts) > 40
    for name, rows in marts.items():
        assert rows == query(published_demo, f"select * from marts.{name} order by all"), name


def test_a_refresh_says_that_the_clock_was_set_back_and_that_it_loads_nothing(story):
    company = Company(story.company.data_dir, story.company.files, "2026-10-31T00:00:00Z")
    with steps_of(company, {}) as steps:
        assert steps.run("load_files check_raw_files") == 0
        assert company.output.read_text().splitlines() == [
            "Loading files …",
            "  nothing loaded: 2026-10-31 00:00 lies before the last load of 2026-11-01 00:00",
            "Checking expectations raw files …",
        ]
