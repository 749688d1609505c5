"""Load sources from the server that the settings name, in full and again a day later; print what it took as JSON lines.

A process of its own for each source, so that its peak memory is that of one load.
"""

import json
import re
import sys
import time
from pathlib import Path

import duckdb
import requests

from ingestion.config import Settings
from ingestion.load import LOADED, load
from ingestion.sources import raw_dataset, source_module


def main() -> None:
    settings = Settings.from_environment()
    source = sys.argv[1]
    full, rows = timed_load(source, settings)
    variable = "FUNNELHOUSE_HUBSPOT_BASE_URL" if source == "hubspot" else "FUNNELHOUSE_MARKETO_BASE_URL"
    address = settings.environment[variable]
    requests.post(f"{address}/_simulator/forward?days=1", timeout=600).raise_for_status()
    increment, _ = timed_load(source, settings)
    took = {
        "source": source,
        "rows": rows,
        "full_seconds": full,
        "increment_seconds": increment,
        "floor_seconds": copy_seconds(source, settings),
        "peak_megabytes": peak_megabytes(),
    }
    print(json.dumps(took), flush=True)


def timed_load(source: str, settings: Settings) -> tuple[float, int]:
    began = time.perf_counter()
    result = load(source, settings)
    if result.status != LOADED:
        sys.exit(f"{source}: {result.message}")
    return time.perf_counter() - began, result.row_count


def peak_megabytes() -> float | None:
    """The most memory that this process has had, where Linux tells it; what it was forked from does not count."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found.group(1)) / 1024 if found else None


def copy_seconds(source: str, settings: Settings) -> float:
    """How long DuckDB alone needs to copy the raw tables."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
        began = time.perf_counter()
        for table in source_module(source).raw_tables():
            connection.execute(
                f"create table {table} as select * from warehouse.{raw_dataset(source)}.{table}"
            ).fetchall()
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
