"""Refreshes of a small made-up company, killed at random moments of every step: what readers see meanwhile, and what
comes of it.

Each round begins with what a refresh has published as of the day before. In it, refreshes are killed one after the
other, each beginning with what the one before left; then one runs to its end, and its marts are held against those of
an undisturbed refresh. A reader asks the serving file all the while whether it is whole.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
from tqdm import tqdm

from ingestion.config import PROJECT_DIR

DAY_BEFORE, AS_OF = "2026-09-30T00:00:00Z", "2026-10-01T00:00:00Z"
# What it does before it has said anything.
STARTING = "Starting"
# What says when or by which run something was made, or what the last load brought, differs from run to run.
OF_THE_RUN = {"published_run", "fct_check_results", "fct_restatements", "fct_source_freshness"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killed_refreshes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--kills", type=int, default=18, help="kills of each round (default: 18)")
    parser.add_argument("--leads", type=int, default=100, help="leads of the made-up company (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="what the moments are drawn from (default: 1)")
    arguments = parser.parse_args()
    lot = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        write = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", str(arguments.leads)]
        write += ["--now", DAY_BEFORE, "--as-of", DAY_BEFORE, "--out", str(files)]
        subprocess.run(write, cwd=PROJECT_DIR, check=True, capture_output=True)
        yesterday = Company(Path(folder) / "yesterday", files, DAY_BEFORE)
        yesterday.refresh()
        undisturbed = yesterday.a_day_later(Path(folder) / "undisturbed")
        steps, wanted = undisturbed.refresh(), undisturbed.marts()
        assert wanted != yesterday.marts(), "nothing is other than the day before"
        print(f"An undisturbed refresh takes {sum(steps.values()):.0f} s and publishes {len(wanted):,} tables.")
        moments = drawn(lot, steps)
        killed_while: Counter[str] = Counter()
        look_count = 0
        bar = tqdm(total=arguments.rounds * arguments.kills, unit="kill", leave=False, disable=None)
        for number in range(1, arguments.rounds + 1):
            company = yesterday.a_day_later(Path(folder) / f"round_{number}")
            with Reader(company.data_dir / "serving") as reader:
                kills_left = arguments.kills
                while kills_left:
                    step = company.killed_at(*next(moments))
                    if step:  # a refresh may be quicker than the undisturbed one and end before it is killed
                        killed_while[step] += 1
                        kills_left -= 1
                        bar.update()
                company.refresh()
                marts = company.marts()
            differing = sorted(name for name in wanted if marts.get(name) != wanted[name])
            assert not differing, f"other marts than undisturbed: {differing}"
            assert not reader.faults, reader.faults[:3]
            look_count += reader.look_count
            bar.write(f"After {killed_while.total():,} kills ({number:,} rounds) the marts are as undisturbed:")
            for step in (*steps, *(killed_while.keys() - steps)):
                bar.write(f"{killed_while[step]:>4}  while: {step}")
            bar.write(f"      A reader looked {look_count:,} times and always saw a whole state.")
        bar.close()


def drawn(lot: random.Random, steps: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Steps, the short ones as often as the long ones, and after how many seconds of it a refresh is killed."""
    while True:
        for step in lot.sample(list(steps), len(steps)):
            yield step, lot.uniform(0, steps[step])


class Company:
    """The files of a company and a data directory of its own, refreshed as of a moment."""

    def __init__(self, data_dir: Path, files: Path, as_of: str) -> None:
        self.data_dir, self.files = data_dir, files
        data_dir.mkdir(exist_ok=True)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("FUNNELHOUSE_")
        } | {
            "FUNNELHOUSE_DATA_DIR": str(data_dir),
            "FUNNELHOUSE_FILES_DIR": str(files),
            "FUNNELHOUSE_SOURCES": "files",
            "FUNNELHOUSE_AS_OF": as_of,
        }

    def a_day_later(self, data_dir: Path) -> "Company":
        """The same company on the next day, with a copy of all that it has."""
        shutil.copytree(self.data_dir, data_dir, symlinks=True)
        return Company(data_dir, self.files, AS_OF)

    def start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "dagster_project", "refresh"]
        with self.output.open("w") as words:
            # A group of its own, so that dbt is killed with it.
            return subprocess.Popen(
                command,
                cwd=PROJECT_DIR,
                env=self.environment,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    @property
    def output(self) -> Path:
        return self.data_dir / "output.txt"

    def step(self) -> str:
        """What the refresh has last said that it does."""
        lines = self.output.read_text().splitlines()
        return next((line.strip(" …") for line in reversed(lines) if line.endswith("…")), STARTING)

    def refresh(self) -> dict[str, float]:
        """Refresh undisturbed; return how many seconds each step took."""
        process, seconds, before = self.start(), {}, time.monotonic()
        while process.poll() is None:
            time.sleep(0.02)
            step, now = self.step(), time.monotonic()
            seconds[step] = seconds.get(step, 0) + now - before
            before = now
        assert process.returncode == 0, self.output.read_text()
        return seconds

    def killed_at(self, step: str, seconds: float) -> str | None:
        """Kill a refresh so long after a step began; return in which one it then was, None where it had ended."""
        process = self.start()
        while self.step() != step and process.poll() is None:
            time.sleep(0.02)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        words = self.output.read_text()
        assert "✗" not in words and "Traceback" not in words, words
        return self.step() if process.returncode == -signal.SIGKILL else None

    def marts(self) -> dict[str, list[tuple]]:
        """All rows of all published tables, in order."""
        with duckdb.connect(
            str((self.data_dir / "serving" / "current.duckdb").resolve()), read_only=True
        ) as connection:
            names = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
            ).fetchall()
            return {
                name: connection.execute(f"select * from marts.{name} order by all").fetchall()
                for (name,) in names
                if name not in OF_THE_RUN
            }


class Reader(threading.Thread):
    """Opens the serving file over and over; `faults` are states that were not whole."""

    def __init__(self, serving_dir: Path) -> None:
        super().__init__(daemon=True)
        self.link = serving_dir / "current.duckdb"
        self.faults: list[str] = []
        self.look_count = 0
        self.is_over = threading.Event()

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.join()

    def run(self) -> None:
        while not self.is_over.wait(0.5):
            try:
                with duckdb.connect(str(self.link.resolve()), read_only=True) as connection:
                    [(promised,)] = connection.execute("select row_counts from marts.published_run").fetchall()
                    [(leads, deals)] = connection.execute(
                        "select (select count(*) from marts.dim_leads), (select count(*) from marts.fct_opportunities)"
                    ).fetchall()
                if f'"dim_leads": {leads},' not in promised or f'"fct_opportunities": {deals},' not in promised:
                    self.faults.append(f"{leads} leads and {deals} deals instead of {promised}")
            except duckdb.Error as error:
                self.faults.append(str(error))
            self.look_count += 1


if __name__ == "__main__":
    main()
