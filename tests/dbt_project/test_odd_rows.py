"""Odd values in every column of every entity: the build ends, and each row is in its table or set aside."""

import random
from datetime import date, datetime
from pathlib import Path

import duckdb
import orjson
import pytest
from refreshing import run_funnelhouse

from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

# Some of them no column takes, others most do: what is loaded is odd and goes on into staging.
ODD_CELLS = [
    "", " ", "x", "0", "-1", "1.5", "-0.0", "1e15", "-1e15", "999999999999999", "0.000001", "true", "FALSE", "NULL",
    "1900-01-01", "2026-02-28", "2199-12-31", "1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z",
    "2026-03-29T01:30:00+01:00", "=1+1", "'; drop table leads; --", "a\nb", 'quo"te', "\\", "%", "_", "{{ 1 }}", "$$",
    "\u200b", "\u202e", "İstanbul", "ß", "ł" * 300, "🙂", "EUR", "eur", "XTS", "day", "mql", "won", "HTTPS://Ä.example/?q#f",
    "a@b@c", "ANN@ACME.EXAMPLE", " ann@acme.example ",
]  # fmt: skip
CHANGED_SHARE = 1 / 3


def odd_files(files: Path, folder: Path, most_rows: int) -> dict[str, int]:
    """Write a made-up company with a cell of every third row replaced; return how many rows each entity has."""
    chance = random.Random("odd")
    counts = {}
    for path in sorted(files.glob("*.parquet")):
        relation = duckdb.sql(f"from '{path}' limit {most_rows}")
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
        for row in rows:
            if chance.random() < CHANGED_SHARE:
                row[chance.choice(relation.columns)] = chance.choice(ODD_CELLS)
        (folder / f"{path.stem}.jsonl").write_bytes(b"\n".join(orjson.dumps(_as_text(row)) for row in rows))
        counts[path.stem] = len(rows)
    return counts


def _as_text(row: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in row.items()}


def test_odd_rows_of_every_entity_are_built_through_to_the_marts_and_none_is_lost(simulated_files, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
        "FUNNELHOUSE_FILES_DIR": str(inbox),
        "FUNNELHOUSE_AS_OF": "2026-11-01T00:00:00Z",
    }
    counts = odd_files(simulated_files, inbox, most_rows=1500)
    outcome = load("files", Settings.from_environment(environment))
    assert outcome.status == "loaded", outcome.message
    built = run_funnelhouse("exec dbt build --quiet --exclude-resource-type test unit_test", environment)
    assert built.returncode == 0, built.stdout
    tested = run_funnelhouse("exec dbt test --quiet --select test_type:singular", environment)
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
        for entity, count in counts.items():
            [(loaded, refused)] = warehouse.execute(
                f"select (select count(*) from raw_files.{entity}),"
                f" (select count(*) from raw_files.quarantine where entity = '{entity}')"
            ).fetchall()
            assert loaded + refused == count, entity
            assert loaded, f"of {entity} no row at all was taken"
    assert tested.returncode == 0, tested.stdout
