"""Why a past month's published figure is another one now, cause by cause.

Between two published states the code, the sources, the playbook, the exchange rates, who is who, what is known of the
past and the moment itself may have changed. They are turned one after the other, in that order, on a copy of the
warehouse; what a figure moves by at each turn is that cause's. So the causes add up to the difference by construction.
What has not changed is not turned, and on a day on which no past month moved nothing is built.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from dagster_project import rebuild
from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.sql import literal

# The figures that are held against what was published: every KPI of every month, of all and by one dimension.
FIGURES = "fct_kpis_monthly"
KEY = "month_start_date, kpi, dimension, dimension_value"
CODE, SOURCES, PLAYBOOK, RATES, MERGES = "code_change", "sources", "playbook_edit", "exchange_rates", "merges"
LATE, NEW, EARLIER, UNEXPLAINED = "late_facts", "new_facts", "earlier_moment", "unexplained"
# Which model holds what was learnt of one kind; it is brought to what is known now before anything else is.
LEARNT_IN = {RATES: "fx_rates_daily", MERGES: "identity_map"}
# What differs by less, relatively, is the rounding of sums.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class _Published:
    """What readers see. `code_version` and `sources` are None where an older version of the project published it."""

    as_of: datetime
    code_version: str | None
    sources: tuple[str, ...] | None


def explain(
    settings: Settings,
    readers_see: Path | None,
    run_id: str,
    code_version: str | None,
    log: logging.Logger,
) -> int:
    """Write `marts.fct_restatements` into the warehouse; return how many figures of past months have moved.

    One row per run, month, KPI, dimension, its value, and cause that moved it: those of the file that readers see, and
    how the warehouse differs from it. The first cause's `before_value` is what was published, the last one's
    `after_value` what will be; each cause begins where the one before ended. Where the past cannot be built again, the
    one cause is `unexplained` and `log` says why.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
        published = _attach_published(connection, readers_see, log)
        moved_count = _find_moved(connection) if published else 0
        if moved_count:
            log.info(f"{moved_count:,} figures of past months are other than published; looking for why …")
            _find_causes(connection, settings, published, code_version, log)
        has_history = bool(published) and _has_table(connection, "published", "fct_restatements")
        connection.execute("detach warehouse")
        connection.execute(f"attach '{settings.warehouse}' as warehouse")
        _write(connection, run_id, has_history, bool(moved_count))
    return moved_count


def _attach_published(
    connection: duckdb.DuckDBPyConnection, file: Path | None, log: logging.Logger
) -> _Published | None:
    """Attach the file that readers see as `published`; None where there is none that can be compared."""
    if file is None:
        return None
    try:
        connection.execute(f"attach '{file}' as published (read_only)")
        if not _has_table(connection, "published", FIGURES):
            return None
        run = connection.execute("select * from published.marts.published_run").df().iloc[0]
    except (duckdb.Error, OSError) as error:
        log.warning(f"{file.name} cannot be read ({str(error).splitlines()[0]}); past figures are not held against it.")
        return None
    sources = run.get("sources")
    return _Published(
        as_of=run["as_of"].to_pydatetime(),
        code_version=run.get("code_version"),
        sources=tuple(sources.split(",")) if sources else None,
    )


def _find_moved(connection: duckdb.DuckDBPyConnection) -> int:
    """Make `moved`: the figures of months that were complete when published and are other ones now; return their count.

    `states` remembers what they were at each turn.
    """
    connection.execute(
        f"""
        create table moved as
        select {KEY}
        from published.marts.{FIGURES} as before
        full outer join warehouse.marts.{FIGURES} as after using ({KEY})
        where
            month_start_date < (select date_trunc('month', as_of_date) from published.marts.dim_build)
            and {_differ("before.value", "after.value")};
        create table states (
            turn integer, cause varchar, month_start_date date, kpi varchar, dimension varchar, dimension_value varchar,
            value double
        )
        """
    )
    return connection.execute("select count(*) from moved").fetchall()[0][0]


def _find_causes(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    published: _Published,
    code_version: str | None,
    log: logging.Logger,
) -> None:
    """Fill `states`: what the moved figures were as published, after each turn, and are now."""
    [(as_of,)] = connection.execute("select as_of from warehouse.marts.dim_build").fetchall()
    causes = list(_causes(connection, settings, published, code_version, as_of))
    last = NEW if as_of > published.as_of else LATE if as_of == published.as_of else EARLIER
    _remember(connection, 0, None, "published")
    try:
        if causes:
            with rebuild.copied(settings, "restatement", published.as_of, log.info) as copy:
                _turn(connection, copy, published, causes, as_of, log)
    except (Fault, duckdb.Error, OSError) as error:
        log.warning(f"Why past figures moved cannot be told. {error}")
        connection.execute("delete from states where turn > 0")
        causes, last = [], UNEXPLAINED
    _remember(connection, len(causes) + 1, last, "warehouse")


def _causes(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    published: _Published,
    code_version: str | None,
    as_of: datetime,
) -> Iterator[str]:
    """What has changed since, in the order in which it is turned, but for what comes with the moment itself."""
    if code_version != published.code_version:
        yield CODE
    if published.sources and published.sources != settings.sources:
        yield SOURCES
    if any(_is_other(connection, table) for table in _playbook_tables(connection, "warehouse")):
        yield PLAYBOOK
    if as_of <= published.as_of:
        return
    learnt = {
        RATES: """
            select 1
            from warehouse.unified.fx_rates_daily
            where loaded_at > $as_of and date <= cast($as_of as date)
        """,
        # A record that was a person or company of its own when the numbers were published, and is another's now.
        MERGES: """
            select 1
            from warehouse.unified.identity_map as now
            inner join warehouse.unified.identity_map as before using (object_type, source, source_id)
            where now.is_current and now.valid_from > $as_of and not before.is_current and before.valid_from <= $as_of
        """,
    }
    for cause, query in learnt.items():
        if connection.execute(f"{query} limit 1", {"as_of": published.as_of}).fetchall():
            yield cause
    yield LATE


def _turn(
    connection: duckdb.DuckDBPyConnection,
    copy: Settings,
    published: _Published,
    causes: list[str],
    as_of: datetime,
    log: logging.Logger,
) -> None:
    """Build the copy as it was published but for one cause after the other. Raises Fault with dbt's words."""
    turned, held = set(), []
    known_now = {"FUNNELHOUSE_KNOWN_AT": as_of.isoformat()}
    for number, cause in enumerate(causes, start=1):
        words = cause.replace("_", " ")
        log.info(f"Building the past with its {words} …")
        turned.add(cause)
        rules_of = "published" if PLAYBOOK in causes and PLAYBOOK not in turned else "warehouse"
        state = replace(copy, sources=published.sources) if SOURCES in causes and SOURCES not in turned else copy
        builds = [([f"+{FIGURES}"], known_now if cause == LATE else {})]
        if cause in LEARNT_IN:
            held.append(LEARNT_IN[cause])
            builds = [([f"+{LEARNT_IN[cause]}"], known_now), ([f"+{FIGURES}", "--exclude", *held], {})]
        for selection, environment in builds:
            # Each time anew: dbt writes its own SQL over the files that it seeds from.
            _write_playbook(connection, copy, rules_of)
            rebuild.build(state, ["--select", *selection], f"The past could not be built with its {words}", environment)
        connection.execute(f"attach '{copy.warehouse}' as turned (read_only)")
        _remember(connection, number, cause, "turned")
        connection.execute("detach turned")


def _remember(connection: duckdb.DuckDBPyConnection, turn: int, cause: str | None, database: str) -> None:
    connection.execute(
        f"""
        insert into states
        select ?, ?, {KEY}, figures.value
        from moved
        left join {database}.marts.{FIGURES} as figures using ({KEY})
        """,
        [turn, cause],
    )


def _write(connection: duckdb.DuckDBPyConnection, run_id: str, has_history: bool, has_moved: bool) -> None:
    columns = (
        "run_id, as_of_before, as_of, mart, month_start_date, kpi, dimension, dimension_value, cause, cause_order, "
        "before_value, after_value"
    )
    connection.execute(
        """
        create or replace table warehouse.marts.fct_restatements (
            run_id varchar, as_of_before timestamp, as_of timestamp, mart varchar, month_start_date date, kpi varchar,
            dimension varchar, dimension_value varchar, cause varchar, cause_order integer, before_value double,
            after_value double
        )
        """
    )
    if has_history:
        connection.execute(
            f"""
            insert into warehouse.marts.fct_restatements ({columns})
            select {columns} from published.marts.fct_restatements
            """
        )
    if has_moved:
        connection.execute(
            f"""
            insert into warehouse.marts.fct_restatements ({columns})
            with chained as (
                select
                    *,
                    value as after_value,
                    lag(value) over (partition by {KEY} order by turn) as before_value
                from states
            )
            select
                $run_id,
                (select as_of from published.marts.dim_build),
                (select as_of from warehouse.marts.dim_build),
                '{FIGURES}', {KEY}, cause, turn, before_value, after_value
            from chained
            where turn > 0 and {_differ("before_value", "after_value")}
            order by {KEY}, turn
            """,
            {"run_id": run_id},
        )


def _write_playbook(connection: duckdb.DuckDBPyConnection, copy: Settings, database: str) -> None:
    """The playbook of one of the two states as dbt seeds it; a table whose columns changed comes with the code."""
    folder = copy.effective_playbook_dir
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("*.csv"):
        stale.unlink()
    for table, columns in _playbook_tables(connection, "warehouse").items():
        is_there = _playbook_tables(connection, database).get(table) == columns
        rows = f"{database if is_there else 'warehouse'}.playbook.{table}"
        path = literal(folder / f"{table}.csv")
        connection.execute(f"copy (select {', '.join(columns)} from {rows}) to {path} (format csv, header)")


def _playbook_tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """The tables of a state's playbook with their columns, in alphabetical order."""
    return dict(
        connection.execute(
            """
            select table_name, list(column_name order by column_name)
            from duckdb_columns()
            where database_name = ? and schema_name = 'playbook'
            group by table_name
            order by table_name
            """,
            [database],
        ).fetchall()
    )


def _is_other(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table of the playbook has the columns that it had when the numbers were published, and other rows."""
    columns, before = (_playbook_tables(connection, name).get(table) for name in ("warehouse", "published"))
    if columns != before:
        return False
    listed = ", ".join(columns)
    now, then = (f"select {listed} from {name}.playbook.{table}" for name in ("warehouse", "published"))
    query = f"(({now}) except all ({then})) union all (({then}) except all ({now})) limit 1"
    return bool(connection.execute(query).fetchall())


def _has_table(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> bool:
    query = "select 1 from duckdb_tables() where database_name = ? and schema_name = 'marts' and table_name = ?"
    return bool(connection.execute(query, [database, table]).fetchall())


def _differ(left: str, right: str) -> str:
    """The condition under which two figures are not the same."""
    return (
        f"(({left} is null) != ({right} is null) "
        f"or abs({left} - {right}) > {TOLERANCE} * greatest(abs({left}), abs({right})))"
    )
