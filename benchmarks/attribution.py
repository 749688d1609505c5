"""How long it takes to attribute the conversions of a million leads to 50 million touches, as ratios of one run.

`python -m benchmarks.attribution`: touches, people, companies of four, deals and their conversions are made up, and
the SQL that dbt compiles for the models of attribution works on them, in a DuckDB of its own with two threads and
3.5 GB. All rule-based models of the playbook credit all five types of conversion, in one window each. The floor is what
that DuckDB needs to sort the touches once by time and store them.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.__main__ import PROJECT_DIR

AS_OF = "2026-11-01T00:00:00Z"
DAYS = 3 * 365
LEADS_OF_AN_ACCOUNT = 4
CAMPAIGNS_OF_A_CHANNEL = 25
# Of the logarithm of how much a lead does: the busiest tenth of all leads makes about half of all touches.
SPREAD = 1.2
MODELS = (
    "intermediate.int_conversion_milestones",
    "intermediate.int_conversion_journeys",
    "intermediate.int_conversion_touches",
    "intermediate.int_journey_spans",
    "marts.fct_journeys",
    "intermediate.int_shape_spans",
    "intermediate.int_models_of_shapes",
    "intermediate.int_position_weights",
    "intermediate.int_journey_stretches",
    "marts.fct_stretch_credits",
    "marts.fct_touch_kinds",
    "marts.fct_journey_touches",
    "marts.fct_journey_fading",
    "marts.fct_attributed_touches",
    "intermediate.int_credits_monthly",
    "marts.fct_attribution_monthly",
)
VIEWS = {"marts.fct_attributed_touches"}
PLAYBOOK = (
    "attribution_models",
    "attribution_model_weights",
    "attribution_windows",
    "channels",
    "lifecycle_stages",
    "settings",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attribution", description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="leads (default: 1,000,000)")
    parser.add_argument("--touches", type=int, default=50_000_000, help="their touches (default: 50,000,000)")
    parser.add_argument("--deals", type=int, default=150_000, help="opportunities (default: 150,000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compiled = compile_models(folder)
        settings = {"threads": 2, "memory_limit": "3500MB", "temp_directory": str(folder / "spilled")}
        with duckdb.connect(str(folder / "scratch.duckdb"), config=settings) as connection:
            connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
            make_up(connection, given.leads, given.touches, given.deals)
            measure(connection, compiled)


def compile_models(folder: Path) -> dict[str, str]:
    """The SQL of each model as dbt compiles it, on the tables of another database."""
    environment = os.environ | {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_AS_OF": AS_OF,
        "FUNNELHOUSE_PLAYBOOK_DIR": "",
    }
    names = [model.partition(".")[2] for model in MODELS]
    execute = [sys.executable, "-m", "dagster_project", "exec", "dbt"]
    command = [*execute, "compile", "--no-introspect", "--select", *names]
    subprocess.run(command, cwd=PROJECT_DIR, env=environment, check=True, capture_output=True)
    paths = folder / "data" / "dbt" / "compiled"
    return {
        model: next(paths.rglob(f"{name}.sql")).read_text().replace('"warehouse".', "")
        for model, name in zip(MODELS, names, strict=True)
    }


def make_up(connection: duckdb.DuckDBPyConnection, lead_count: int, touch_count: int, deal_count: int) -> None:
    """Touches on random days, leads that begin with one of them, and deals of some of the companies.

    Four of ten leads become MQL and two SQL; three of ten deals are won.
    """
    weights = np.random.default_rng(7).lognormal(0, SPREAD, lead_count)
    ends = np.round(np.cumsum(weights) / weights.sum() * touch_count).astype(np.int64)
    connection.register("counts_by_number", {"touch_count": np.diff(ends, prepend=0)})
    for schema in ("playbook", "unified", "intermediate", "marts"):
        connection.execute(f"create schema {schema}")
    folder = PROJECT_DIR / "dbt_project" / "seeds" / "playbook"
    for table in PLAYBOOK:
        connection.execute(f"create table playbook.{table} as from read_csv('{folder / table}.csv', header = true)")
    connection.execute(
        f"""
        delete from playbook.attribution_windows where not is_headline;
        create temp table leads as
        select
            (row_number() over () - 1)::bigint as number, touch_count,
            timestamp '2023-11-02' + to_days((hash(number, 'day') % {DAYS - 30})::int)
            + to_seconds((hash(number, 'second') % 86400)::int) as created_at
        from (select touch_count, row_number() over () as number from counts_by_number);
        create table intermediate.int_touches as
        with drawn as (
            select
                number, ordinal,
                timestamp '2023-11-02' + to_days((hash(number, ordinal) % {DAYS})::int)
                + to_seconds((hash(number, ordinal, 'second') % 86400)::int) as occurred_at,
                ['direct', 'organic_search', 'paid_search', 'paid_social', 'content', 'nurture', 'webinar', 'display'][
                    1 + (hash(number, ordinal, 'channel') % 8)::bigint
                ] as channel
            from leads, unnest(range(touch_count)) as ordinals (ordinal)
        )
        select
            'T' || lpad(number::varchar, 7, '0') || lpad(ordinal::varchar, 5, '0') as touch_id,
            row_number() over (order by occurred_at, number, ordinal) as touch_order,
            'L' || lpad(number::varchar, 7, '0') as lead_id,
            'A' || lpad((number // {LEADS_OF_AN_ACCOUNT})::varchar, 7, '0') as account_id,
            occurred_at, occurred_at::date as occurred_date,
            channel,
            if(
                channel not in ('direct', 'organic_search'),
                'C' || hash(channel) % 1000 || '-' || hash(number, ordinal, 'campaign') % {CAMPAIGNS_OF_A_CHANNEL}, null
            ) as campaign_id
        from drawn
        order by touch_order;
        create table intermediate.int_touch_sources as
        select row_number() over (order by channel, campaign_id) as touch_source, *, channel = 'direct' as is_direct
        from (select distinct channel, campaign_id from intermediate.int_touches);
        create or replace table intermediate.int_touches as
        select touches.*, touch_source
        from intermediate.int_touches as touches
        join intermediate.int_touch_sources as sources
            on touches.channel = sources.channel and touches.campaign_id is not distinct from sources.campaign_id
        order by touch_order;
        create view marts.fct_touches as from intermediate.int_touches;
        create table intermediate.int_leads_described as
        select
            'L' || lpad(number::varchar, 7, '0') as lead_id,
            'A' || lpad((number // {LEADS_OF_AN_ACCOUNT})::varchar, 7, '0') as account_id,
            created_at, 'second' as created_at_precision
        from leads;
        create table intermediate.int_stage_visits as
        select
            'lead' as track, 'L' || lpad(number::varchar, 7, '0') as entity_id, stage_order,
            stage_order as position_on_track, created_at + to_days(7 * (stage_order - 1)) as entered_at,
            'second' as entered_at_precision
        from leads, unnest([1, 2, 3]) as stages (stage_order)
        where stage_order = 1 or hash(number, 'stage') % 10 < 8 - 2 * stage_order;
        create table intermediate.int_opportunities_dated as
        select
            'O' || number as opportunity_id, 'L' || lpad((number * 6)::varchar, 7, '0') as lead_id,
            'A' || lpad((number * 6 // {LEADS_OF_AN_ACCOUNT})::varchar, 7, '0') as account_id,
            created_at + to_days(60) as created_at, 'second' as created_at_precision,
            created_at + to_days(120) as closed_at, 'second' as closed_at_precision,
            true as is_closed, number % 10 < 3 as is_won, 'new' as opportunity_type
        from leads
        where number < {deal_count};
        create table unified.opportunity_contacts as
        select opportunity_id, lead_id, false as is_deleted from intermediate.int_opportunities_dated;
        create table marts.fct_conversions as
        select *, row_number() over (order by converted_at, conversion_id) as conversion_order from (
        select
            conversion_type || ':' || lead_id as conversion_id, conversion_type, 1 as conversion_number, lead_id,
            account_id, null::varchar as opportunity_id, null::varchar as opportunity_type, converted_at,
            'second' as converted_at_precision, converted_at::date as converted_date,
            date_trunc('month', converted_at)::date as month_start_date, null::double as amount,
            null::double as margin_amount
        from (
            select 'lead' as conversion_type, lead_id, account_id, created_at as converted_at
            from intermediate.int_leads_described
            union all
            select if(visits.stage_order = 2, 'mql', 'sql'), leads.lead_id, leads.account_id, visits.entered_at
            from intermediate.int_stage_visits as visits
            join intermediate.int_leads_described as leads on visits.entity_id = leads.lead_id
            where visits.stage_order > 1
        )
        union all
        select
            conversion_type || ':' || opportunity_id, conversion_type, 1, lead_id, account_id, opportunity_id,
            opportunity_type, if(conversion_type = 'won', closed_at, created_at), 'second',
            if(conversion_type = 'won', closed_at, created_at)::date,
            date_trunc('month', if(conversion_type = 'won', closed_at, created_at))::date, 1000.0, 700.0
        from intermediate.int_opportunities_dated, unnest(['opportunity', 'won']) as types (conversion_type)
        where conversion_type = 'opportunity' or is_won
        );
        checkpoint
        """
    ).fetchall()


def measure(connection: duckdb.DuckDBPyConnection, compiled: dict[str, str]) -> None:
    """Print each step's time, and that of all, as a ratio of the floor's, by the clock and by the processors."""

    def stored(name: str, select: str) -> np.ndarray:
        """Seconds of the clock and of the processors that it takes to store what a select gives."""
        kind = "view" if name in VIEWS else "table"
        began = time.perf_counter(), time.process_time()
        connection.execute(f"create or replace {kind} {name} as {select}").fetchall()
        return np.subtract((time.perf_counter(), time.process_time()), began)

    floor = stored("sorted", "from intermediate.int_touches order by occurred_at, touch_id")
    connection.execute("drop table sorted")
    took = {model: stored(model, select) for model, select in compiled.items()}
    print(f"the floor, sorting the touches once: {floor[0]:.1f} s, {floor[1]:.1f} s of the processors")
    for name, seconds in (*took.items(), ("all models and months", sum(took.values()))):
        times = f"{seconds[0]:7.1f} s = {seconds[0] / floor[0]:5.2f} ×"
        print(f"{name:<40} {times}   {seconds[1]:7.1f} s of the processors = {seconds[1] / floor[1]:5.2f} ×")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"the most memory that the process had, making things up included: {peak:.1f} GB")
    for name in ("intermediate.int_touches", "marts.fct_conversions", *(set(compiled) - VIEWS)):
        rows = connection.execute(f"select count(*) from {name}").fetchall()[0][0]
        print(f"{name:<40} {rows:>12,} rows")


if __name__ == "__main__":
    main()
