"""How long what need not be kept is kept: `retention.csv` of the playbook, applied at the beginning of each refresh."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingestion import playbook
from ingestion.config import Settings
from ingestion.landing import landings, moment_and_number
from ingestion.sources import RAW_PREFIX, known_sources
from ingestion.sql import identifier


def apply_retention(settings: Settings) -> list[str]:
    """Let go of what has been kept long enough; return a sentence for each kind of which there was something.

    Days are counted to the moment that the warehouse shows. The caller holds `refresh.lock`. Raises Fault where the
    playbook cannot be used.
    """
    told = []
    for kept, since in kept_since_by_kind(settings).items():
        forget, words = KINDS[kept]
        if count := forget(settings, since):
            days = (settings.now() - since).days
            told.append(f"{words} older than {days:,} days let go by retention.csv: {count:,}.")
    return told


def kept_since_by_kind(settings: Settings) -> dict[str, datetime]:
    """Since when (naive UTC) each kind is kept of which `retention.csv` lets something go.

    Raises Fault where the playbook cannot be used.
    """
    days = {row["kept"]: row["keep_days"] for row in playbook.read(settings)["retention"]}
    return {kept: settings.now() - timedelta(days=int(days[kept])) for kept in KINDS if days.get(kept) is not None}


def _forget_refused(settings: Settings, before: datetime) -> int:
    """Empty what was given in refused rows; that they were refused and why stays."""
    if not settings.warehouse.exists():
        return 0
    count = 0
    with duckdb.connect(str(settings.warehouse)) as connection:
        tables = connection.execute(
            "select schema_name from duckdb_columns() where table_name = 'quarantine' and column_name = 'given'"
        ).fetchall()
        for (schema,) in tables:
            if schema.startswith(RAW_PREFIX):
                empty = f"update {identifier(schema)}.quarantine set given = null"
                [(emptied,)] = connection.execute(
                    f"{empty} where given is not null and _loaded_at < ?", [before]
                ).fetchall()
                count += emptied
    for folder in _load_folders(settings, before):
        (folder / "quarantine.parquet").unlink(missing_ok=True)
    return count


def _forget_landed(settings: Settings, before: datetime) -> int:
    folders = _load_folders(settings, before)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(folders)


def _forget_exports(settings: Settings, before: datetime) -> int:
    """Remove exports by the day on which they were written."""
    written_before = before.replace(tzinfo=UTC).timestamp()
    paths = [path for path in (settings.data_dir / "exports").rglob("*") if path.is_file() or path.is_symlink()]
    old = [path for path in paths if path.lstat().st_mtime < written_before]
    for path in old:
        path.unlink()
    return len(old)


def _load_folders(settings: Settings, before: datetime) -> list[Path]:
    """The folders of loads as of moments before one."""
    found = [landing for source in known_sources() for landing in landings(settings, source)]
    return [landing for landing in found if moment_and_number(landing)[0] < before]


KINDS = {
    "refused_rows": (_forget_refused, "Contents of refused rows"),
    "landed_files": (_forget_landed, "Landed loads"),
    "exports": (_forget_exports, "Exports"),
}
