"""`make bench`: time what users wait for, each beside a floor that DuckDB alone needs for the same data.

Machines differ and drift; the ratio of two figures of one run is what may be compared between runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

PROJECT_DIR = Path(__file__).resolve().parent.parent
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--activities", type=int, default=5_000_000, help="rows of the large file (default: 5,000,000)")
    parser.add_argument("--leads", type=int, default=5_000, help="leads of the made-up company (default: 5,000)")
    parser.add_argument("--api-leads", type=int, default=34_000, help="leads behind the APIs (default: 34,000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load_large_file(Path(folder), arguments.activities)
        refresh_company(Path(folder), arguments.leads)
        load_from_apis(Path(folder), arguments.api_leads)


def load_large_file(folder: Path, row_count: int) -> None:
    """Load activities from parquet; the floor is DuckDB copying the file into a table."""
    inbox = folder / "inbox"
    inbox.mkdir()
    path = inbox / "activities.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    'A' || i as activity_id, 'L' || (i % 200000) as lead_id, 'V' || (i % 300000) as visitor_id,
                    ['page_view', 'form_submitted', 'email_opened'][1 + i % 3] as activity_type,
                    timestamp '2025-01-01' + to_seconds(i) as occurred_at, true as is_inbound, 'person' as actor,
                    'google' as utm_source, 'cpc' as utm_medium, 'camp_' || (i % 50) as utm_campaign,
                    'https://www.company.example/page/' || (i % 1000) as url
                from range({row_count}) as rows (i)
            ) to '{path}' (format parquet)
            """
        ).fetchall()

    def copy() -> None:
        database = folder / "floor.duckdb"
        database.unlink(missing_ok=True)
        with duckdb.connect(str(database)) as connection:
            connection.execute(f"create table activities as select * from '{path}'").fetchall()

    environment = {"FUNNELHOUSE_DATA_DIR": str(folder / "large"), "FUNNELHOUSE_FILES_DIR": str(inbox)}
    script = "from ingestion import config, load; load.load('files', config.Settings.from_environment())"
    floor = median(seconds(copy) for _ in range(RUNS))
    first = run([sys.executable, "-c", script], environment)
    again = run([sys.executable, "-c", script], environment)
    report(f"load {row_count:,} activities", first, floor, "DuckDB copying the file into a table")
    report("load the same file again", again, floor, "DuckDB copying the file into a table")


def refresh_company(folder: Path, lead_count: int) -> None:
    """Refresh a made-up company, from files to serving file; the floor is loading dbt and Dagster alone."""
    simulated = folder / "simulated"
    command = [
        sys.executable,
        "-m",
        "ingestion.simulator",
        "write",
        "--leads",
        str(lead_count),
        "--out",
        str(simulated),
    ]
    simulate = run(command, {})
    environment = {"FUNNELHOUSE_DATA_DIR": str(folder / "company"), "FUNNELHOUSE_FILES_DIR": str(simulated)}
    prepare = run([sys.executable, "-m", "dagster_project", "prepare"], environment)
    definitions = run([sys.executable, "-c", "import dagster_project.definitions"], environment)
    refresh = run([sys.executable, "-m", "dagster_project", "refresh"], environment)
    floor = prepare + definitions
    report(f"make up a company of {lead_count:,} leads", simulate, floor, "parsing dbt and loading Dagster")
    report("refresh it, from files to serving file", refresh, floor, "parsing dbt and loading Dagster")


def load_from_apis(folder: Path, lead_count: int) -> None:
    """Load from the made-up company's server, on the same machine; the floor is DuckDB copying the raw tables."""
    for setup, sources in (("hubspot", ["hubspot"]), ("salesforce", ["salesforce", "marketo"])):
        for source in sources:
            serve = [sys.executable, "-m", "ingestion.simulator", "serve", "--leads", str(lead_count), "--setup", setup]
            command = [*serve, "--", sys.executable, "-m", "benchmarks.load_from_apis", source]
            environment = os.environ | {"FUNNELHOUSE_DATA_DIR": str(folder / source)}
            done = subprocess.run(
                command, cwd=PROJECT_DIR, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            took = json.loads(done.stdout)
            memory = f", {took['peak_megabytes']:,.0f} MB" if took["peak_megabytes"] else ""
            name = f"{source}: load {took['rows']:,} rows{memory}"
            report(name, took["full_seconds"], took["floor_seconds"], "DuckDB copying the raw tables")
            report(f"{source}: the next day", took["increment_seconds"], took["floor_seconds"], "the same")


def run(command: list[str], environment: dict[str, str]) -> float:
    return seconds(
        lambda: subprocess.run(command, cwd=PROJECT_DIR, env=os.environ | environment, check=True, capture_output=True)
    )


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def report(name: str, took: float, floor: float, floor_name: str) -> None:
    print(f"{name:<45} {took:7.1f} s = {took / floor:5.1f} × {floor_name} ({floor:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
