"""How long the scores of a million leads take, from 50 million touches, as ratios of one run.

`python -m benchmarks.scoring`: a small company is made up, loaded and built as by a refresh. Its people and what they
do are then repeated until there are as many leads and touches as asked for, three years of them, and the SQL that dbt
compiled for the models of scoring works on those, in a DuckDB of its own with two threads and 8 GB. The floor is what
that DuckDB needs to group the touches by lead and sum a number, three times over.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.__main__ import PROJECT_DIR

AS_OF = datetime(2026, 11, 1)
YEARS = 3
SIMULATED_LEADS = 1_000
LEADS_OF_AN_ACCOUNT = 4
TOUCHES_OF_A_VISIT = 3
# Of the logarithm of how much a lead does: the busiest tenth of all leads makes about half of all touches.
SPREAD = 1.2
FLOOR_REPEATS = 3
FLOOR = "grouping the touches by lead three times"
LOAD = "from ingestion import config, load; load.load('files', config.Settings.from_environment())"
MODELS = (
    "intermediate.int_scoring_signals",
    "intermediate.int_score_events",
    "intermediate.int_fit_points",
    "marts.fct_lead_score_changes",
)
MACROS = ("score_as_of", "score_history")
AS_BUILT = (
    "playbook.free_mail_domains",
    "playbook.scoring_groups",
    "playbook.scoring_rules",
    "playbook.settings",
    "marts.dim_build",
    "unified.content",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="leads (default: 1,000,000)")
    parser.add_argument("--touches", type=int, default=50_000_000, help="their touches (default: 50,000,000)")
    parser.add_argument("--folder", type=Path, help="where to work, and to find what is there (default: a new one)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if not (folder / "data" / "warehouse.duckdb").exists():
            build_company(folder)
        with scratch(folder) as connection:
            if not connection.execute("from duckdb_tables() where table_name = 'int_activities_known'").fetchall():
                multiply(connection, folder / "data" / "warehouse.duckdb", given.leads, given.touches)
            measure(connection, selects(folder))


def build_company(folder: Path) -> None:
    """Make up a small company and build what its scores need."""
    environment = os.environ | {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_FILES_DIR": str(folder / "inbox"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_AS_OF": f"{AS_OF.isoformat()}Z",
        "FUNNELHOUSE_PLAYBOOK_DIR": "",
    }
    moments = ["--now", f"{AS_OF.isoformat()}Z", "--as-of", f"{AS_OF.isoformat()}Z"]
    write = ["ingestion.simulator", "write", "--leads", str(SIMULATED_LEADS), *moments, "--out", str(folder / "inbox")]
    execute = [sys.executable, "-m", "dagster_project", "exec", "dbt"]
    for command in (
        [sys.executable, "-m", *write],
        [sys.executable, "-m", "dagster_project", "prepare"],
        [sys.executable, "-c", LOAD],
        [*execute, "build", "--resource-type", "seed"],
        [*execute, "run", "--select", *(f"+{name}" for name in MACROS)],
    ):
        subprocess.run(command, cwd=PROJECT_DIR, env=environment, check=True, capture_output=True)


def scratch(folder: Path) -> duckdb.DuckDBPyConnection:
    settings = {"threads": 2, "memory_limit": "8GB", "temp_directory": str(folder / "spilled")}
    connection = duckdb.connect(str(folder / "scratch.duckdb"), config=settings)
    connection.execute("set timezone = 'UTC'")
    return connection


def selects(folder: Path) -> dict[str, str]:
    """The SQL of each model as dbt compiled it, on the tables of the scratch database."""
    compiled = folder / "data" / "dbt" / "compiled" / "funnelhouse" / "models"
    return {
        model: next(compiled.rglob(f"{model.partition('.')[2]}.sql")).read_text().replace('"warehouse".', "")
        for model in MODELS
    }


def multiply(connection: duckdb.DuckDBPyConnection, warehouse: Path, lead_count: int, touch_count: int) -> None:
    """Make leads like those of the small company, with touches like theirs, in the order in which they happened.

    A lead repeats one of the company's with all its attributes and their history; companies have four leads. How many
    touches a lead has follows a lognormal distribution. Three touches each make a visit, on a random day since the lead
    was created; each touch repeats any one of the small company.
    """
    random = np.random.default_rng(7)
    weights = random.lognormal(0, SPREAD, lead_count)
    ends = np.round(np.cumsum(weights) / weights.sum() * touch_count).astype(np.int64)
    counts = pd.DataFrame({"number": np.arange(lead_count), "touch_count": np.diff(ends, prepend=0)})
    connection.register("counts", counts)
    first_at = AS_OF - timedelta(days=365 * YEARS)
    connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
    for schema in ("unified", "playbook", "intermediate", "marts"):
        connection.execute(f"create schema {schema}")
    for table in AS_BUILT:
        connection.execute(f"create table {table} as from warehouse.{table}")
    for model in MODELS:
        connection.execute(f"create table {model} as from warehouse.{model} limit 0")
    comments = connection.execute(
        """
        select comment from duckdb_functions()
        where database_name = 'warehouse' and schema_name = 'marts' and list_contains(?, function_name)
        """,
        [list(MACROS)],
    ).fetchall()
    for (definition,) in comments:
        connection.execute(definition)
    connection.execute(
        f"""
        create temp table numbered as
        select
            'L' || lpad(number::varchar, 8, '0') as lead_id, number, touch_count,
            'A' || lpad((number // {LEADS_OF_AN_ACCOUNT})::varchar, 8, '0') as account_id,
            timestamp '{first_at}' + to_days((hash(number, 'created') % {365 * YEARS - 30})::int) as created_at,
            row_number() over (order by number) % (select count(*) from warehouse.unified.leads) as alike
        from counts
        """
    )
    connection.execute(
        """
        create temp table leads_alike as
        select *, row_number() over (order by lead_id) - 1 as alike from warehouse.unified.leads;
        create temp table accounts_numbered as
        select
            account_id,
            row_number() over (order by account_id) % (select count(*) from warehouse.unified.accounts) as alike
        from (select distinct account_id from numbered);
        create temp table accounts_alike as
        select *, row_number() over (order by account_id) - 1 as alike from warehouse.unified.accounts;
        create table unified.leads as
        select leads_alike.* exclude (alike) replace (numbered.lead_id as lead_id, numbered.account_id as account_id)
        from numbered join leads_alike using (alike);
        create table unified.accounts as
        select accounts_alike.* exclude (alike) replace (accounts_numbered.account_id as account_id)
        from accounts_numbered join accounts_alike using (alike);
        create table intermediate.int_leads_described as
        select lead_id, account_id, created_at, 'second' as created_at_precision, created_at::date as created_date
        from numbered;
        create table intermediate.int_attributes_dated as
        select histories.* replace (numbered.lead_id as entity_id)
        from numbered
        join leads_alike using (alike)
        join warehouse.intermediate.int_attributes_dated as histories
            on histories.entity = 'leads' and histories.entity_id = leads_alike.lead_id
        union all
        select histories.* replace (accounts_numbered.account_id as entity_id)
        from accounts_numbered
        join accounts_alike using (alike)
        join warehouse.intermediate.int_attributes_dated as histories
            on histories.entity = 'accounts' and histories.entity_id = accounts_alike.account_id;
        create temp table touches_alike as
        select *, row_number() over (order by activity_id) - 1 as alike
        from warehouse.intermediate.int_activities_known
        """
    )
    days = f"datediff('day', numbered.created_at, timestamp '{AS_OF}')"
    moments = f"""
        numbered.created_at::date
        + (hash(numbered.number, ordinal // {TOUCHES_OF_A_VISIT}) % {days})::int
        + to_seconds(28800 + (hash(numbered.number, ordinal // {TOUCHES_OF_A_VISIT}, 'hour') % 36000)::int)
        + to_seconds(97 * (ordinal % {TOUCHES_OF_A_VISIT}))
    """
    connection.execute(
        f"""
        create table intermediate.int_activities_known as
        with touches as (
            select
                lead_id, number, ordinal, {moments} as occurred_at,
                (hash(number, ordinal, 'touch') % (select count(*) from touches_alike))::bigint as alike
            from numbered, unnest(range(touch_count)) as ordinals (ordinal)
        )
        select
            'E' || lpad(number::varchar, 8, '0') || lpad(ordinal::varchar, 5, '0') as activity_id, touches.lead_id,
            activity_type, actor, outcome, channel, content_id, page,
            touches.occurred_at, touches.occurred_at::date as occurred_date,
            least(touches.occurred_at + learnt_after, timestamp '{AS_OF}') as known_at,
            least(touches.occurred_at + learnt_after, timestamp '{AS_OF}')::date as known_date,
            1 + ordinal % 7 as x
        from touches
        join (select *, known_at - occurred_at as learnt_after from touches_alike) as touches_alike using (alike)
        order by touches.occurred_at
        """
    )
    connection.execute("detach warehouse")
    connection.execute("checkpoint")


def measure(connection: duckdb.DuckDBPyConnection, compiled: dict[str, str]) -> None:
    """Print each step's time as a ratio of the floor's, by the clock and by the processors"""

    def stored(name: str, select: str) -> np.ndarray:
        """Seconds of the clock and of the processors that it takes to store what a select gives."""
        began = time.perf_counter(), time.process_time()
        connection.execute(f"create or replace table {name} as {select}").fetchall()
        return np.subtract((time.perf_counter(), time.process_time()), began)

    grouping = "select lead_id, sum(x) as x from intermediate.int_activities_known group by lead_id"
    floor = sum(stored("grouped", grouping) for _ in range(FLOOR_REPEATS))
    changes = {model: stored(model, select) for model, select in compiled.items()}
    today = stored("today", "from marts.score_as_of()")
    history = stored("history", "from marts.score_history()")
    print(f"the floor, {FLOOR}: {floor[0]:.1f} s, {floor[1]:.1f} s of the processors")
    for name, took in (
        *changes.items(),
        ("today's scores from the changes", today),
        ("90 days of history from the changes", history),
        ("today's scores from the touches", sum(changes.values()) + today),
        ("90 days of history from the touches", sum(changes.values()) + history),
    ):
        times = f"{took[0]:7.1f} s = {took[0] / floor[0]:5.1f} ×"
        print(f"{name:<40} {times}   {took[1]:7.1f} s of the processors = {took[1] / floor[1]:5.1f} ×")
    for name in ("intermediate.int_activities_known", *compiled, "today", "history"):
        print(f"{name:<40} {connection.execute(f'select count(*) from {name}').fetchone()[0]:>12,} rows")


if __name__ == "__main__":
    main()
