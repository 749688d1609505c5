"""What would have happened: a changed playbook replayed over the past, on a copy of the warehouse.

Nothing that readers see changes. The copy is built with the changed scoring rules, its crossings are laid beside those
that were published, and the comparison is kept as a small file of its own that the dashboard shows.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout
from tqdm import tqdm

from dagster_project import serving
from dagster_project.dbt import DBT_EXECUTABLE, dbt_environment
from ingestion import playbook
from ingestion.config import Settings
from ingestion.contract import playbook_tables
from ingestion.faults import Fault
from ingestion.playbook import Row

KEPT_FILES = 10
# The rules that are replayed, and by what a row of each is known.
RULE_KEYS = {
    "scoring_groups": ("score_version", "rule_group"),
    "scoring_rules": ("score_version", "rule_id"),
    "qualification_criteria": ("criterion_id",),
}
SETTINGS_REPLAYED = {"score_version", "score_history_months", "score_opportunity_days"}
# What only explains a rule moves no number.
COLUMNS_THAT_EXPLAIN = {"rationale", "purchase_order", "valid_from", "valid_to"}
PUBLISHED, PRESENT, CHANGED = "published", "present", "changed"
SCENARIO_NAMES = {PUBLISHED: "published rules", PRESENT: "present rules", CHANGED: "changed rules"}
MODEL_DONE = re.compile(r" (\d+) of (\d+) (?:OK|ERROR|SKIP)")

Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Build:
    """What the warehouse shows. `as_of` is naive UTC, `as_of_date` its local day."""

    as_of: datetime
    as_of_date: date
    score_version: int


def replay(settings: Settings, folder: Path, say: Callable[[str], None]) -> Path:
    """Replay the playbook of a folder over the last months; return the file that holds the comparison.

    Raises Fault where the folder's playbook cannot be used, before anything is copied; where nothing has been published
    or the warehouse holds something else; and where the rules cannot be built, in dbt's own words.
    """
    say("Checking the changed playbook …")
    files = playbook.files_in_force(settings.playbook_dir)
    in_force = playbook.check(files, settings.sources)
    changed = playbook.check(playbook.laid_over(files, folder, "PLAYBOOK"), settings.sources)
    for note in _left_out(in_force, changed):
        say(f"  ! {note}")
    with _alone(settings):
        build = _published_build(settings, say)
        present_rules = _rules_on(in_force, build.as_of_date)
        changed_rules = _rules_on(changed, _last_change(changed, build.as_of_date))
        copied = replace(settings, data_dir=settings.data_dir / "replay", as_of=build.as_of)
        directory = settings.serving_dir / "replays"
        directory.mkdir(exist_ok=True)
        unfinished = directory / "replay.unfinished"
        try:
            _copy(settings, copied, say)
            _begin(unfinished, copied, build, changed, folder, _differences(present_rules, changed_rules))
            _keep(unfinished, copied, PUBLISHED, build.score_version)
            if not _holds(copied, present_rules) or _version(in_force) != build.score_version:
                _build(copied, in_force | present_rules, PRESENT, say)
                _keep(unfinished, copied, PRESENT, _version(in_force))
            _build(copied, in_force | changed_rules, CHANGED, say)
            _keep(unfinished, copied, CHANGED, _version(changed))
            return _finish(unfinished, directory)
        finally:
            _forget(copied)
            unfinished.unlink(missing_ok=True)


def files_kept(settings: Settings) -> list[Path]:
    """The replays that are kept, oldest first."""
    return sorted((settings.serving_dir / "replays").glob("*.duckdb"))


# --- What is replayed ------------------------------------------------------------------------------------------------


def _left_out(in_force: Tables, changed: Tables) -> Iterator[str]:
    """What the changed playbook says otherwise and a replay of the scoring rules does not look at."""
    now, then = _settings(in_force), _settings(changed)
    names = sorted(name for name in then if then[name] != now.get(name) and name not in SETTINGS_REPLAYED)
    if names:
        yield f"Not replayed, as no scoring rule: in settings.csv {', '.join(names)}."
    others = sorted(
        f"{name}.csv"
        for name in changed
        if name not in RULE_KEYS and name != "settings" and _values(changed[name]) != _values(in_force[name])
    )
    if others:
        yield f"Not replayed, as they hold no scoring rule: {', '.join(others)}."


def _rules_on(tables: Tables, day: date) -> Tables:
    """The scoring rules that hold on a day, without bounds: so they hold for all of the past."""
    return {
        name: [
            replace(row, values=row.values | dict.fromkeys({"valid_from", "valid_to"} & row.values.keys()))
            for row in tables[name]
            if (row.values.get("valid_from") or "") <= day.isoformat() < (row.values.get("valid_to") or "9999-12-31")
        ]
        for name in RULE_KEYS
    }


def _last_change(tables: Tables, day: date) -> date:
    """The day from which on the rules stay as they are: a changed rule may be meant to begin later."""
    bounds = [
        date.fromisoformat(row.values[column])
        for name in RULE_KEYS
        for row in tables[name]
        for column in ("valid_from", "valid_to")
        if row.values.get(column)
    ]
    return max([day, *bounds])


def _differences(before: Tables, after: Tables) -> list[tuple[str, str, str | None, str | None, str | None]]:
    """What was changed: table, rule, column, value before and after; a rule that came or went has no column."""
    changes = []
    for name, key in RULE_KEYS.items():
        old, new = (
            {tuple(row.values[part] for part in key): row.values for row in side[name]} for side in (before, after)
        )
        for rule in [*old, *(rule for rule in new if rule not in old)]:
            shown = " ".join(str(part) for part in rule if part is not None)
            if rule not in new:
                changes.append((name, shown, None, "there", None))
            elif rule not in old:
                changes.append((name, shown, None, None, "there"))
            else:
                changes += [
                    (name, shown, column, old[rule][column], new[rule][column])
                    for column in old[rule]
                    if column not in COLUMNS_THAT_EXPLAIN and old[rule][column] != new[rule][column]
                ]
    return changes


def _settings(tables: Tables) -> dict[str, str]:
    return {row.values["setting"]: row.values["value"] for row in tables["settings"]}


def _version(tables: Tables) -> int:
    return int(_settings(tables)["score_version"])


def _values(rows: list[Row]) -> list[tuple]:
    return sorted((tuple(row.values.items()) for row in rows), key=str)


# --- The copy --------------------------------------------------------------------------------------------------------


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One replay at a time; not beside a refresh, whose warehouse is half-built."""
    lock = FileLock(str(settings.data_dir / "replay.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise Fault(f"Another replay is running in {settings.data_dir}; wait until it has ended.") from error
    try:
        yield
    finally:
        lock.release()


def _published_build(settings: Settings, say: Callable[[str], None]) -> Build:
    """What the warehouse shows. Raises Fault where that is not what was published last."""
    versions = serving.versions(settings.serving_dir)
    if not versions:
        raise Fault(f"Nothing has been published in {settings.serving_dir} yet; run `make refresh` first.")
    # Not held while copying: a refresh that begins meanwhile must not be turned away.
    refresh_lock = FileLock(str(settings.data_dir / "refresh.lock"))
    try:
        refresh_lock.acquire(blocking=False)
    except Timeout as error:
        raise Fault("A refresh is writing the warehouse; replay when it has ended.") from error
    refresh_lock.release()
    unlike = "The warehouse does not hold what was published last; run `make refresh` and replay then."
    if not settings.warehouse.exists() or _log_of(settings.warehouse).exists():
        raise Fault(unlike)
    with duckdb.connect(str(versions[-1]), read_only=True) as connection:
        [(published_as_of,)] = connection.execute("select as_of from marts.published_run").fetchall()
    try:
        with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
            rows = connection.execute("select as_of, as_of_date, score_version from marts.dim_build").fetchall()
    except duckdb.Error as error:
        raise Fault(unlike) from error
    if not rows or rows[0][0] != published_as_of:
        raise Fault(unlike)
    if (settings.serving_dir / serving.CURRENT).resolve() != versions[-1]:
        say("  ! Readers were taken back to an earlier version; what is replayed is the latest one.")
    return Build(*rows[0])


def _copy(settings: Settings, copied: Settings, say: Callable[[str], None]) -> None:
    """Copy the warehouse file. Raises Fault where there is no room or a refresh wrote meanwhile."""
    _forget(copied)
    copied.data_dir.mkdir(exist_ok=True)
    before = settings.warehouse.stat()
    if shutil.disk_usage(copied.data_dir).free < 1.2 * before.st_size:
        raise Fault(f"There is no room in {copied.data_dir} for a copy of the warehouse ({_size(before.st_size)}).")
    say(f"Copying the warehouse ({_size(before.st_size)}) …")
    shutil.copyfile(settings.warehouse, copied.warehouse)
    after = settings.warehouse.stat()
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise Fault("A refresh has begun to write the warehouse; replay when it has ended.")


def _forget(copied: Settings) -> None:
    copied.warehouse.unlink(missing_ok=True)
    _log_of(copied.warehouse).unlink(missing_ok=True)


def _log_of(database: Path) -> Path:
    """Where DuckDB keeps what is not in the file yet: it is there while somebody writes, or was cut off."""
    return database.with_name(f"{database.name}.wal")


def _holds(copied: Settings, rules: Tables) -> bool:
    """Whether the warehouse was built with just these rules, so that what was published is what they give."""
    with duckdb.connect(str(copied.warehouse), read_only=True) as connection:
        for name in RULE_KEYS:
            columns = playbook_tables()[name].column_names
            built = connection.execute(f"select * from playbook.{name} limit 0").description
            if {column[0] for column in built} != set(columns):  # by another version of the project
                return False
            connection.execute(f"create temp table given as select {', '.join(columns)} from playbook.{name} limit 0")
            rows = [[row.values[column] for column in columns] for row in rules[name]]
            if rows:
                connection.executemany(f"insert into given values ({', '.join('?' * len(columns))})", rows)
            different = connection.execute(
                f"""
                select count(*) from (
                    (from given except all select {", ".join(columns)} from playbook.{name})
                    union all
                    (select {", ".join(columns)} from playbook.{name} except all from given)
                )
                """
            ).fetchall()[0][0]
            connection.execute("drop table given")
            if different:
                return False
    return True


def _build(copied: Settings, tables: Tables, scenario: str, say: Callable[[str], None]) -> None:
    """Build, on the copy, what depends on the scoring rules up to the crossings. Raises Fault with dbt's words."""
    say(f"Replaying the {SCENARIO_NAMES[scenario]} …")
    playbook.write(tables, copied.effective_playbook_dir)
    selection = [f"{name}+,+fct_qualifications" for name in RULE_KEYS]
    command = [DBT_EXECUTABLE, "build", "--resource-type", "seed", "--resource-type", "model", "--select", *selection]
    log = copied.data_dir / "build.log"
    with (
        log.open("w", encoding="utf-8") as kept,
        tqdm(unit="model", leave=False, file=sys.stderr, disable=None) as bar,
        subprocess.Popen(
            command,
            env=os.environ | dbt_environment(copied),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        try:
            for line in process.stdout:
                kept.write(line)
                done = MODEL_DONE.search(line)
                if done:
                    bar.total = int(done[2])
                    bar.update(int(done[1]) - bar.n)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        lines = log.read_text(encoding="utf-8").splitlines()
        first = next((number for number, line in enumerate(lines) if "Error in" in line), max(len(lines) - 5, 0))
        words = "\n".join(f"  {line.split('  ', 1)[-1].strip()}" for line in lines[first : first + 5])
        raise Fault(f"The {SCENARIO_NAMES[scenario]} could not be replayed:\n{words}\n  dbt's own log is {log}.")


def _size(byte_count: int) -> str:
    return f"{byte_count / 1e9:.1f} GB" if byte_count >= 1e9 else f"{max(round(byte_count / 1e6), 1):,} MB"


# --- The comparison --------------------------------------------------------------------------------------------------


@contextmanager
def _comparison(unfinished: Path, copied: Settings | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file of the comparison, with the copy attached as `copied` for as long as it is open."""
    with duckdb.connect(str(unfinished)) as connection:
        if copied:
            connection.execute(f"attach '{copied.warehouse}' as copied (read_only)")
        yield connection


def _begin(
    unfinished: Path, copied: Settings, build: Build, changed: Tables, folder: Path, changes: list[tuple]
) -> None:
    """Write what all rules are compared over: the period, the stages, the reps, and what was changed."""
    unfinished.unlink(missing_ok=True)
    chosen = _settings(changed)
    with _comparison(unfinished, copied) as connection:
        connection.execute(
            BEGINNING,
            {
                "replayed_at": datetime.now(UTC).replace(tzinfo=None),
                "as_of": build.as_of,
                "as_of_date": build.as_of_date,
                "months": int(chosen["score_history_months"]),
                "opportunity_days": int(chosen["score_opportunity_days"]),
                "folder": folder.name,
            },
        )
        connection.execute(STAGES)
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


def _keep(unfinished: Path, copied: Settings, scenario: str, score_version: int) -> None:
    """Take the crossings of the period as the copy has them now."""
    with _comparison(unfinished, copied) as connection:
        connection.execute(CROSSINGS_OF_COPY, {"scenario": scenario, "score_version": score_version})


def _finish(unfinished: Path, directory: Path) -> Path:
    """Count, and put the file where it is found, complete; forget all but the newest."""
    with _comparison(unfinished) as connection:
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
    $as_of::timestamp as as_of,
    greatest(
        date_trunc('month', $as_of_date::date - to_months($months)),
        date_trunc('month', coalesce(min(created_date), $as_of_date::date))
    )::date as from_date,
    $as_of_date::date as to_date,
    $opportunity_days::int as opportunity_days,
    $folder as playbook_folder
from copied.marts.dim_leads
"""

# The load on sales is what comes to the first of these stages.
STAGES = """
create table stages as
select stage_order, min_by(stage_label, stage) as stage_label, stage_order = min(stage_order) over () as is_handover
from copied.marts.dim_stages
where
    track = 'lead' and stage_order > 0
    and stage_role in ('marketing_qualified', 'sales_qualified', 'opportunity')
    and stage_role in (
        select stage_role from copied.playbook.qualification_criteria
    )
group by stage_order
"""

# Reps are whom leads were handed over to; how many they can take stands with the users.
REPS = """
create table reps as
select user_id as owner_id, team, coalesce(is_active, true) as is_active, nullif(capacity_per_week, 0) as capacity_per_week
from copied.unified.users
where
    not is_deleted
    and user_id in (select owner_id from copied.marts.fct_lead_handoffs where clock = 'qualified')
"""

CROSSINGS = """
create table crossings (
    scenario varchar, lead_id varchar, stage_order int, crossing_number bigint, detected_date date,
    month_start_date date, sales_outcome varchar, is_recorded boolean, is_accepted boolean, has_opportunity boolean,
    owner_id varchar
)
"""

# A deal is the lead's own where the lead is a contact of it (dbt's macro is_own_deal). Whose rep it would have been: the
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

# Without a month: all of them. A lead that crosses twice is one lead, in a month as in all. A month is young while a deal
# may still come of its crossings, and its last weeks are those that have passed.
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
