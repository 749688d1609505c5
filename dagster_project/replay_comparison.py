"""The file in which a replay keeps its comparison: crossings by rules, and what is counted over them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.config import Settings

KEPT_FILES = 10


@contextmanager
def _opened(unfinished: Path, copied: Settings | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file of the comparison, with the copy attached as `copied` for as long as it is open."""
    with duckdb.connect(str(unfinished)) as connection:
        if copied:
            connection.execute(f"attach '{copied.warehouse}' as copied (read_only)")
        yield connection


def begin(
    unfinished: Path, copied: Settings, folder: Path, chosen: dict[str, str], roles: list[str], changes: list[tuple]
) -> None:
    """Write what all rules are compared over: the period, the stages, the reps, and what was changed.

    `chosen` are the settings of the changed playbook, `roles` those of the stages that have criteria; `changes` are
    (table, rule, column, before, after).
    """
    unfinished.unlink(missing_ok=True)
    with _opened(unfinished, copied) as connection:
        connection.execute(
            BEGINNING,
            {
                "replayed_at": datetime.now(UTC).replace(tzinfo=None),
                "months": int(chosen["score_history_months"]),
                "opportunity_days": int(chosen["score_opportunity_days"]),
                "folder": folder.name,
            },
        )
        connection.execute(STAGES, {"roles": roles})
        connection.execute(REPS)
        connection.execute(
            "create table changed_rules "
            "(position int, table_name varchar, rule varchar, column_name varchar, before varchar, after varchar)"
        )
        if changes:
            connection.executemany(
                "insert into changed_rules values (?, ?, ?, ?, ?, ?)",
                [(position, *change) for position, change in enumerate(changes)],
            )
        connection.execute(CROSSINGS)


def keep(unfinished: Path, copied: Settings, scenario: str, score_version: int) -> None:
    """Take the crossings of the period as the copy has them now."""
    with _opened(unfinished, copied) as connection:
        connection.execute(CROSSINGS_OF_COPY, {"scenario": scenario, "score_version": score_version})


def finish(unfinished: Path, directory: Path) -> Path:
    """Count, and put the file where it is found, complete; forget all but the newest."""
    with _opened(unfinished) as connection:
        # What differs in nothing from what was published is not shown twice.
        connection.execute(SAME_AS_PUBLISHED_GOES)
        for statement in (BASE, MONTHS, REPS_COUNTED, LEADS_COMPARED):
            connection.execute(statement)
        connection.execute("checkpoint")
        [(replayed_at,)] = connection.execute("select replayed_at from replay").fetchall()
    unfinished.chmod(0o440)
    target = directory / f"{replayed_at:%Y%m%dT%H%M%S%fZ}.duckdb"
    unfinished.replace(target)
    for old in sorted(directory.glob("*.duckdb"))[:-KEPT_FILES]:
        old.unlink(missing_ok=True)
    return target


BEGINNING = """
create table replay as
select
    $replayed_at::timestamp as replayed_at,
    as_of,
    -- Not before the first lead: a load over months without any would look light.
    greatest(
        date_trunc('month', as_of_date - to_months($months)),
        date_trunc('month', (select coalesce(min(created_date), as_of_date) from copied.marts.dim_leads))
    )::date as from_date,
    as_of_date as to_date,
    reporting_timezone,
    $opportunity_days::int as opportunity_days,
    $folder as playbook_folder
from copied.marts.dim_build
"""

# The load on sales is what comes to the first of these stages.
STAGES = """
create table stages as
select stage_order, min_by(stage_label, stage) as stage_label, stage_order = min(stage_order) over () as is_handover
from copied.marts.dim_stages
where track = 'lead' and stage_order > 0 and list_contains($roles, stage_role)
group by stage_order
"""

# Reps are whom leads were given to first; how many they can take stands with the users.
REPS = """
create table reps as
select
    user_id as owner_id,
    team,
    coalesce(is_active, true) as is_active,
    nullif(capacity_per_week, 0) as capacity_per_week
from copied.unified.users
where
    not is_deleted
    and user_id in (
        select min_by(owner_id, valid_from) from copied.intermediate.int_lead_owners_dated group by lead_id
    )
"""

CROSSINGS = """
create table crossings (
    scenario varchar, lead_id varchar, stage_order int, crossing_number bigint, detected_date date,
    month_start_date date, sales_outcome varchar, is_recorded boolean, is_accepted boolean, has_opportunity boolean,
    owner_id varchar
)
"""

# A deal is the lead's own where the lead is a contact of it (dbt's macro is_own_deal). A crossing is the load of the
# first of the reps to have the lead from then on.
CROSSINGS_OF_COPY = """
insert into crossings
with qualifications as (
    select qualifications.*
    from copied.marts.fct_qualifications as qualifications
    cross join replay
    where
        score_version = $score_version
        and stage_order in (select stage_order from stages)
        and detected_date between replay.from_date and replay.to_date
),

followed as (
    select distinct qualifications.lead_id, qualifications.stage_order, qualifications.crossing_number
    from qualifications
    inner join copied.marts.fct_opportunities as opportunities
        on qualifications.lead_id = opportunities.primary_lead_id
    cross join replay
    where
        opportunities.primary_lead_rule in ('primary_contact', 'earliest_contact')
        and opportunities.created_date between
            qualifications.detected_date and qualifications.detected_date + replay.opportunity_days
),

owned as (
    select
        qualifications.lead_id,
        qualifications.stage_order,
        qualifications.crossing_number,
        min_by(owners.owner_id, owners.valid_from) as owner_id
    from qualifications
    inner join copied.intermediate.int_lead_owners_dated as owners
        on qualifications.lead_id = owners.lead_id and owners.valid_to > qualifications.detected_at
    where owners.owner_id in (select owner_id from reps)
    group by all
)

select
    $scenario,
    lead_id,
    stage_order,
    crossing_number,
    detected_date,
    date_trunc('month', detected_date)::date,
    sales_outcome,
    recorded_at is not null,
    sales_outcome = 'accepted',
    followed.lead_id is not null,
    owned.owner_id
from qualifications
left join followed using (lead_id, stage_order, crossing_number)
left join owned using (lead_id, stage_order, crossing_number)
"""

SAME_AS_PUBLISHED_GOES = """
delete from crossings
where
    scenario = 'present'
    and not exists (
        (select * exclude (scenario) from crossings where scenario = 'present'
        except all select * exclude (scenario) from crossings where scenario = 'published')
        union all
        (select * exclude (scenario) from crossings where scenario = 'published'
        except all select * exclude (scenario) from crossings where scenario = 'present')
    )
"""

# The changed rules hold for all of the past; what they are to be compared with does too.
BASE = """
create table scenarios as
with present as (
    select count(*) > 0 as is_shown from crossings where scenario = 'present'
)

select scenario, position, scenario = if(present.is_shown, 'present', 'published') as is_base
from (values ('published', 1), ('present', 2), ('changed', 3)) as listed (scenario, position)
cross join present
where scenario != 'present' or present.is_shown
"""

# Without a month: all of them. A lead that crosses twice is one lead, in a month as in all. A month is young while a
# deal may still come of its crossings.
MONTHS = """
create table months as
with listed as (
    select
        month_start_date::date as month_start_date,
        least((month_start_date + interval 1 month)::date - 1, replay.to_date) as last_date,
        greatest(month_start_date::date, replay.from_date) as first_date
    from replay, generate_series(replay.from_date, replay.to_date, interval 1 month) as spine (month_start_date)
    union all
    select null, to_date, from_date from replay
),

counted as (
    select
        scenarios.scenario,
        stages.stage_order,
        listed.month_start_date,
        count(crossings.lead_id) as crossing_count,
        count(distinct crossings.lead_id) as lead_count,
        count(*) filter (crossings.is_recorded) as recorded_count,
        count(*) filter (crossings.is_accepted) as accepted_count,
        count(distinct crossings.lead_id) filter (crossings.has_opportunity) as opportunity_count,
        any_value((listed.last_date - listed.first_date + 1) / 7.0) as week_count,
        any_value(listed.last_date + replay.opportunity_days > replay.to_date) as is_young,
        any_value(extract(day from listed.last_date + 1) != 1) as is_partial
    from scenarios
    cross join stages
    cross join listed
    cross join replay
    left join crossings
        on
            scenarios.scenario = crossings.scenario
            and stages.stage_order = crossings.stage_order
            and (listed.month_start_date is null or listed.month_start_date = crossings.month_start_date)
    group by scenarios.scenario, stages.stage_order, listed.month_start_date
),

capacity as (
    select sum(capacity_per_week) as capacity_per_week from reps where is_active
)

select
    counted.*,
    recorded_count / nullif(crossing_count, 0) as recorded_rate,
    accepted_count / nullif(crossing_count, 0) as accepted_rate,
    opportunity_count / nullif(lead_count, 0) as opportunity_rate,
    crossing_count / week_count as crossings_per_week,
    if(stages.is_handover, crossing_count / week_count / capacity.capacity_per_week, null) as capacity_rate
from counted
inner join stages using (stage_order)
cross join capacity
order by scenario, stage_order, month_start_date nulls first
"""

# Crossings that none of the reps ever had stand without an owner.
REPS_COUNTED = """
create table reps_counted as
with handed_over as (
    select crossings.* from crossings
    inner join stages using (stage_order)
    where stages.is_handover
),

by_month as (
    select
        handed_over.scenario,
        handed_over.owner_id,
        handed_over.month_start_date,
        count(*) as crossing_count,
        count(*) / any_value(months.week_count) as crossings_per_week
    from handed_over
    inner join months using (scenario, stage_order, month_start_date)
    group by all
),

weeks as (
    select (to_date - from_date + 1) / 7.0 as week_count from replay
),

people as (
    select owner_id, team, is_active, capacity_per_week from reps
    union all
    select null, null, null, null where exists (from handed_over where owner_id is null)
)

select
    scenarios.scenario,
    people.owner_id,
    people.team,
    people.is_active,
    people.capacity_per_week,
    coalesce(sum(by_month.crossing_count), 0)::bigint as crossing_count,
    coalesce(sum(by_month.crossing_count), 0) / any_value(weeks.week_count) as crossings_per_week,
    coalesce(sum(by_month.crossing_count), 0) / any_value(weeks.week_count) / people.capacity_per_week as capacity_rate,
    coalesce(max(by_month.crossings_per_week), 0) / people.capacity_per_week as busiest_capacity_rate,
    arg_max(by_month.month_start_date, by_month.crossings_per_week) as busiest_month_start_date
from people
cross join scenarios
cross join weeks
left join by_month
    on scenarios.scenario = by_month.scenario and people.owner_id is not distinct from by_month.owner_id
group by scenarios.scenario, people.owner_id, people.team, people.is_active, people.capacity_per_week
order by people.owner_id nulls last, scenarios.scenario
"""

# Which leads the change is about: those who would no longer have crossed, and those who would have then only.
LEADS_COMPARED = """
create table leads_compared as
with reached as (
    select
        crossings.stage_order,
        crossings.lead_id,
        bool_or(scenarios.is_base) as is_before,
        bool_or(crossings.scenario = 'changed') as is_after,
        bool_or(crossings.has_opportunity) as has_opportunity
    from crossings
    inner join scenarios using (scenario)
    where scenarios.is_base or crossings.scenario = 'changed'
    group by crossings.stage_order, crossings.lead_id
)

select
    stages.stage_order,
    count(*) filter (is_before and is_after) as kept_count,
    count(*) filter (is_before and not is_after) as gone_count,
    count(*) filter (is_before and not is_after and has_opportunity) as gone_opportunity_count,
    count(*) filter (not is_before and is_after) as new_count,
    count(*) filter (not is_before and is_after and has_opportunity) as new_opportunity_count
from stages
left join reached using (stage_order)
group by stages.stage_order
order by stages.stage_order
"""
