"""The published state: versioned read-only files behind symlinks that are swapped in one step each.

Readers resolve `current.duckdb` and open the file it points to; they see the old numbers or the new ones, never a mix.
Who people are stands in a file of its own, `contacts/<version>.duckdb`: `contacts_of` names the one that belongs to a
serving file, so that both are always of one run. `contacts.duckdb` points at the present one.
"""

import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.dbt import code_version, mart_sources
from ingestion.config import PROJECT_DIR, Settings
from ingestion.faults import Fault

KEPT_FILES = 7
KEPT_CONTACTS = 2  # personal data: as few as a rollback needs
CURRENT = "current.duckdb"
CONTACTS = "contacts.duckdb"
LAST_RUN = "last_run.json"
VERSION_NAME = "%Y%m%dT%H%M%S%fZ"
VERSION_SHAPE = re.compile(r"\d{8}T\d{12}Z\.duckdb")
# In which order rows are published: DuckDB leaves out the blocks that hold none of those that are asked for. The others
# stay as they were built.
ORDER = {
    "fct_content_interactions": "is_plain, is_touch, occurred_date",
    "fct_lead_score_contributions": "lead_id",
    "fct_touches": "account_id",
}
# What is published of the schema `pii`, for those who may see people.
CONTACT_TABLES = {
    "contacts": """
        select lead_id, full_name, email, phone, company_name
        from warehouse.pii.contacts
        semi join warehouse.marts.dim_leads using (lead_id)
        where not is_deleted and coalesce(full_name, email, phone) is not null
        order by lead_id
    """,
    "call_list": "select * from warehouse.pii.call_list order by list_rank",
    "nurture_list": "select * from warehouse.pii.nurture_list order by list_rank",
}


@dataclass(frozen=True)
class CheckResult:
    """One check of the run: a Great Expectations expectation or a dbt test."""

    check_id: str
    asset: str
    check_name: str
    kind: str
    severity: str
    is_passed: bool
    detail: str


def publish(settings: Settings, run_id: str, checks: list[CheckResult]) -> Path:
    """Copy the marts into a new serving file, and who people are into its contacts file; swap both in and forget all
    but the newest. Returns the serving file.
    """
    directory = settings.serving_dir
    directory.mkdir(parents=True, exist_ok=True)
    contacts_dir(directory).mkdir(mode=0o700, exist_ok=True)
    now = _clock()
    target = directory / f"{_next_version(directory, now)}.duckdb"
    orphans = [path for path in versions(contacts_dir(directory)) if not (directory / path.name).exists()]
    for leftover in [*directory.glob("*.unfinished*"), *contacts_dir(directory).glob("*.unfinished*"), *orphans]:
        leftover.unlink()
    _write_contacts(settings, contacts_of(target), run_id, now)
    _write_serving(settings, target, run_id, now, checks)
    # Between these two a reader still gets the older contacts: it asks for those of the serving file that it reads.
    _point_at(directory, CONTACTS, contacts_of(target))
    _point_at(directory, CURRENT, target)
    _record(directory, run_id, "published", "")
    for old in versions(directory)[:-KEPT_FILES] + versions(contacts_dir(directory))[:-KEPT_CONTACTS]:
        old.unlink(missing_ok=True)
    return target


def contacts_dir(directory: Path) -> Path:
    """Where the versions of the contacts file lie: a folder that only its owner can enter."""
    return directory / "contacts"


def contacts_of(serving_file: Path) -> Path:
    """The contacts file that was published with a serving file; of old ones it is no more there."""
    return contacts_dir(serving_file.parent) / serving_file.name


def _write_serving(
    settings: Settings, target: Path, run_id: str, published_at: datetime, checks: list[CheckResult]
) -> None:
    unfinished = target.with_suffix(".unfinished")
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
        _copy_tables(connection, "marts")
        _copy_tables(connection, "playbook")  # by which the numbers were made: to be read, and held against later ones
        _copy_views(connection)
        _write_run(connection, settings, run_id, published_at)
        _write_checks(connection, checks)
        _write_mart_sources(connection, settings)
        _copy_macros(connection)
        connection.execute("detach warehouse")
        connection.execute("checkpoint")
    unfinished.chmod(0o440)
    _sync(unfinished)
    unfinished.replace(target)


def _write_contacts(settings: Settings, target: Path, run_id: str, published_at: datetime) -> None:
    """The CONTACT_TABLES that the warehouse has, and `published_run` (one row: run_id, published_at, serving_file)."""
    unfinished = target.with_suffix(".unfinished")
    with duckdb.connect(str(unfinished)) as connection:
        unfinished.chmod(0o600)
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
        built = connection.execute(
            """
            select table_name
            from information_schema.tables
            where table_catalog = 'warehouse' and table_schema = 'pii'
            """
        ).fetchall()
        for name, select in CONTACT_TABLES.items():
            if (name,) in built:
                connection.execute(f"create table {name} as {select}").fetchall()
        connection.execute(
            "create table published_run as select ? as run_id, ?::timestamp as published_at, ? as serving_file",
            [run_id, published_at, target.name],
        ).fetchall()
        connection.execute("detach warehouse")
        connection.execute("checkpoint")
    _sync(unfinished)
    unfinished.replace(target)


def current(settings: Settings) -> Path | None:
    """The file that readers see; None before the first."""
    link = settings.serving_dir / CURRENT
    return link.resolve() if link.exists() else None


def rollback(settings: Settings) -> Path:
    """Point readers at the version before the present one, and at its contacts where they are kept; return it.

    Raises Fault where there is none.
    """
    directory = settings.serving_dir
    current = directory / CURRENT
    if not current.exists():
        raise Fault(f"Nothing has been published in {directory} yet; run `make refresh` first.")
    earlier = [path for path in versions(directory) if path.name < current.resolve().name]
    if not earlier:
        raise Fault(f"{current.resolve().name} is the oldest version that is kept; there is nothing to go back to.")
    if contacts_of(earlier[-1]).exists():
        _point_at(directory, CONTACTS, contacts_of(earlier[-1]))
    else:  # better none than those of another run
        (directory / CONTACTS).unlink(missing_ok=True)
    _point_at(directory, CURRENT, earlier[-1])
    _record(directory, earlier[-1].stem, "rolled_back", f"Somebody went back from {current.resolve().stem}.")
    return earlier[-1]


def record_failure(settings: Settings, run_id: str, message: str) -> bool:
    """Note beside the serving file that a run failed, for the dashboard's banner; the numbers stay as they are.

    The note counts the runs that failed since the last good one. What else fails in the same run joins the message.
    Returns whether it is the first that is heard of this run.
    """
    settings.serving_dir.mkdir(parents=True, exist_ok=True)
    before = _last_note(settings.serving_dir)
    is_failing = before.get("status") == "failed"
    is_first = not (is_failing and before.get("run_id") == run_id)
    failing_since = before.get("failing_since") if is_failing else None
    count = int(before.get("failed_runs") or 1) if is_failing else 0
    if not is_first:
        message = "; ".join(dict.fromkeys([before.get("message", ""), message]))
    more = {"failing_since": failing_since or f"{_clock().isoformat()}Z", "failed_runs": count + is_first}
    _record(settings.serving_dir, run_id, "failed", message, **more)
    return is_first


def last_recorded_run(settings: Settings) -> str | None:
    """The run of which the note beside the serving file tells."""
    return _last_note(settings.serving_dir).get("run_id")


def published_at(settings: Settings) -> datetime | None:
    """When the numbers that readers see were published (naive UTC); None before the first publication."""
    file = current(settings)
    return datetime.strptime(file.stem, VERSION_NAME) if file else None


def row_counts(settings: Settings, as_of: datetime) -> dict[str, int]:
    """How many rows each mart has that readers see; none where nothing that can be read is published, or a later moment
    than `as_of` (naive UTC) is.
    """
    file = current(settings)
    if file is None:
        return {}
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute("select row_counts from marts.published_run where as_of <= ?", [as_of]).fetchall()
    except duckdb.Error:
        return {}
    return json.loads(rows[0][0]) if rows else {}


def versions(directory: Path) -> list[Path]:
    """The published files, oldest first; what else somebody keeps beside them is no version."""
    return sorted(path for path in directory.glob("*.duckdb") if VERSION_SHAPE.fullmatch(path.name))


def _next_version(directory: Path, now: datetime) -> str:
    """A name after those of all versions: the clock may have been set back, and the oldest names are forgotten."""
    newest = [datetime.strptime(path.stem, VERSION_NAME) + timedelta(microseconds=1) for path in versions(directory)]
    return max([now, *newest[-1:]]).strftime(VERSION_NAME)


def _copy_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    tables = connection.execute(
        """
        select table_name
        from duckdb_tables()
        where database_name = 'warehouse' and schema_name = ?
        order by table_name
        """,
        [schema],
    ).fetchall()
    connection.execute(f"create schema {schema}")
    for (name,) in tables:
        order = f"order by {ORDER[name]}" if name in ORDER else ""
        connection.execute(f"create table {schema}.{name} as from warehouse.{schema}.{name} {order}").fetchall()


def _copy_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views again from their definitions, which name relations without the database."""
    definitions = connection.execute(
        """
        select sql
        from duckdb_views()
        where database_name = 'warehouse' and schema_name = 'marts'
        order by view_oid
        """
    ).fetchall()
    for (definition,) in definitions:
        connection.execute(definition).fetchall()


def _copy_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table macros again from their definitions, which name relations without the database."""
    definitions = connection.execute(
        """
        select comment
        from duckdb_functions()
        where database_name = 'warehouse' and schema_name = 'marts' and function_type = 'table_macro'
        order by function_name
        """
    ).fetchall()
    for (definition,) in definitions:
        connection.execute(definition).fetchall()


def _write_run(connection: duckdb.DuckDBPyConnection, settings: Settings, run_id: str, published_at: datetime) -> None:
    row_counts = {
        name: connection.execute(f"select count(*) from marts.{name}").fetchall()[0][0]
        for (name,) in connection.execute(
            """
            select table_name
            from duckdb_tables()
            where database_name = current_database() and schema_name = 'marts'
            order by table_name
            """
        ).fetchall()
    }
    connection.execute(
        """
        create table marts.published_run as
        select
            ? as run_id,
            as_of,
            ?::timestamp as published_at,
            ? as git_commit,
            ? as code_version,
            ? as sources,
            reporting_timezone,
            reporting_currency,
            (select min(data_complete_through) from marts.fct_source_freshness) as data_complete_through,
            ?::json as row_counts
        from marts.dim_build
        """,
        [
            run_id,
            published_at,
            _git_commit(),
            code_version(settings),
            ",".join(settings.sources),
            json.dumps(row_counts),
        ],
    ).fetchall()


def _write_checks(connection: duckdb.DuckDBPyConnection, checks: list[CheckResult]) -> None:
    connection.execute(
        """
        create table marts.fct_check_results (
            check_id varchar, asset varchar, check_name varchar, kind varchar, severity varchar, is_passed boolean,
            detail varchar
        )
        """
    )
    if checks:
        connection.executemany(
            "insert into marts.fct_check_results values (?, ?, ?, ?, ?, ?, ?)",
            [list(asdict(check).values()) for check in checks],
        )


def _write_mart_sources(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """One row per mart and source that its rows are made of, so that readers can be told what a stale source is in."""
    connection.execute("create table marts.fct_mart_sources (mart varchar, source varchar)")
    pairs = [[mart, source] for mart, sources in mart_sources(settings).items() for source in sources]
    if pairs:
        connection.executemany("insert into marts.fct_mart_sources values (?, ?)", pairs)


def _point_at(directory: Path, name: str, target: Path) -> None:
    """Swap a symlink in one step; a link is written beside it and renamed over it."""
    link = directory / f"{name}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(target.relative_to(directory))
    link.replace(directory / name)


def _last_note(directory: Path) -> dict[str, Any]:
    """What stands beside the serving file; nothing where nothing that makes sense does."""
    try:
        note = json.loads((directory / LAST_RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _record(directory: Path, run_id: str, status: str, message: str, **more: object) -> None:
    note = {"run_id": run_id, "finished_at": f"{_clock().isoformat()}Z", "status": status, "message": message, **more}
    unfinished = directory / f"{LAST_RUN}.unfinished"
    unfinished.write_text(json.dumps(note, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(directory / LAST_RUN)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _git_commit() -> str | None:
    """The commit that built the numbers; None outside a checkout."""
    try:
        command = ["git", "rev-parse", "HEAD"]
        result = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return result.stdout.strip() or None


def _clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
