"""Refreshes of a small made-up company, killed at random moments: what readers see meanwhile, and what comes of it.

Each round begins from nothing. In it, refreshes are killed one after the other, each beginning with what the one
before left; then one runs to its end, and its marts are held against those of an undisturbed refresh. A reader asks the
serving file all the while whether it is whole.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import duckdb
from tqdm import tqdm

from ingestion.config import PROJECT_DIR

AS_OF = "2026-10-01T00:00:00Z"
ENDED = "it had ended before"
# What says when or by which run something was made, or what the last load brought, differs from run to run.
OF_THE_RUN = {"published_run", "fct_check_results", "fct_restatements", "fct_source_freshness"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killed_refreshes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--kills", type=int, default=10, help="kills of each round (default: 10)")
    parser.add_argument("--leads", type=int, default=100, help="leads of the made-up company (default: 100)")
    parser.add_argument("--seed", type=int, default=1, help="what the moments are drawn from (default: 1)")
    arguments = parser.parse_args()
    lot = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        write = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", str(arguments.leads)]
        write += ["--now", AS_OF, "--as-of", AS_OF, "--out", str(files)]
        subprocess.run(write, cwd=PROJECT_DIR, check=True, capture_output=True)
        undisturbed = Company(Path(folder) / "undisturbed", files)
        began = time.monotonic()
        undisturbed.refresh()
        duration, wanted = time.monotonic() - began, undisturbed.marts()
        print(f"An undisturbed refresh takes {duration:.0f} s and publishes {len(wanted):,} tables.")
        killed_while: Counter[str] = Counter()
        look_count = 0
        bar = tqdm(total=arguments.rounds * arguments.kills, unit="kill", leave=False, disable=None)
        for number in range(arguments.rounds):
            company = Company(Path(folder) / f"round_{number}", files)
            with Reader(company.data_dir / "serving") as reader:
                for _ in range(arguments.kills):
                    killed_while[company.kill_after(lot.uniform(0, duration))] += 1
                    bar.update()
                company.refresh()
                differing = sorted(name for name, rows in company.marts().items() if rows != wanted[name])
                assert not differing, f"other marts than undisturbed: {differing}"
            assert not reader.faults, reader.faults[:3]
            look_count += reader.look_count
            bar.write(f"Round {number + 1}: marts as undisturbed after {arguments.kills:,} kills.")
        bar.close()
    for step, count in killed_while.most_common():
        print(f"{count:>4}  killed while: {step}")
    print(
        f"{killed_while.total():,} kills survived; a reader looked {look_count:,} times and always saw a whole state."
    )


class Company:
    """The files of a company and a data directory of its own."""

    def __init__(self, data_dir: Path, files: Path) -> None:
        self.data_dir = data_dir
        data_dir.mkdir()
        # Hashes of e-mails are ids in places: all directories have one secret, so that their marts can be compared.
        (data_dir / "hash_secret").write_bytes(b"0" * 32)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("FUNNELHOUSE_")
        } | {
            "FUNNELHOUSE_DATA_DIR": str(data_dir),
            "FUNNELHOUSE_FILES_DIR": str(files),
            "FUNNELHOUSE_SOURCES": "files",
            "FUNNELHOUSE_AS_OF": AS_OF,
        }

    def start(self, output: Path) -> subprocess.Popen:
        command = [sys.executable, "-m", "dagster_project", "refresh"]
        with output.open("w") as words:
            # A group of its own, so that dbt is killed with it.
            return subprocess.Popen(
                command,
                cwd=PROJECT_DIR,
                env=self.environment,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    def refresh(self) -> None:
        output = self.data_dir / "output.txt"
        assert self.start(output).wait() == 0, output.read_text()

    def kill_after(self, seconds: float) -> str:
        """Kill a refresh after so many seconds; return what it had just said that it does."""
        output = self.data_dir / "output.txt"
        process = self.start(output)
        try:
            process.wait(timeout=seconds)
            return ENDED
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        words = output.read_text()
        assert "✗" not in words and "Traceback" not in words, words
        return next((line.strip(" …") for line in reversed(words.splitlines()) if line.endswith("…")), "starting")

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
            if not self.link.exists():
                continue
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
