"""The one place that opens the serving file. It reads; every formula lives in the file's own marts and macros."""

import json
import os
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st

from app.formatting import local

PROJECT_FOLDER = Path(__file__).resolve().parents[1]

# The serving file is data, not a program: it may neither load extensions (from the network) nor read other files.
CONNECTION_SETTINGS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
}

DIMENSIONS = ("channel", "campaign", "persona", "segment", "product")


class ServingFileMissing(Exception):
    """Nothing has been published yet."""


class ServingFileUnreadable(Exception):
    """A serving file is there but cannot be read, or lacks what the app asks for."""


@dataclass(frozen=True)
class PublishedRun:
    """The run whose numbers are shown. Moments are naive UTC."""

    run_id: str
    as_of: datetime
    published_at: datetime
    reporting_timezone: str
    reporting_currency: str
    data_complete_through: datetime | None

    @property
    def as_of_date(self) -> date:
        """The last local day that the numbers know."""
        return local(self.as_of, self.reporting_timezone).date()


@dataclass(frozen=True)
class LastRun:
    """How the latest refresh ended, published or not. Moments are naive UTC.

    Where it failed, `failing_since` is when the first of the `failed_runs` in a row did.
    """

    run_id: str
    finished_at: datetime
    status: str
    message: str
    failing_since: datetime | None = None
    failed_runs: int = 1


@dataclass(frozen=True)
class Selection:
    """The five filters. An empty tuple filters nothing."""

    channel: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    persona: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    product: tuple[str, ...] = ()

    @property
    def active_count(self) -> int:
        """How many of the filters narrow the numbers."""
        return sum(bool(getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True)
class Replay:
    """What a changed playbook would have made of the past. Moments are naive UTC, days local.

    `scenarios` are the rules compared, in order: published, present (only where they give something else) and changed;
    `base` is the one that the changed ones are held against.
    """

    replayed_at: datetime
    as_of: datetime
    from_date: date
    to_date: date
    opportunity_days: int
    playbook_folder: str
    scenarios: tuple[str, ...]
    base: str


def serving_folder() -> Path:
    """Where the published files lie."""
    return Path(os.environ.get("FUNNELHOUSE_DATA_DIR") or PROJECT_FOLDER / "data") / "serving"


def current_file() -> str:
    """The versioned file that `current.duckdb` points at now.

    The link itself is never opened: while one connection to a path is open, the same process gets the old database for
    that path even after the link was swapped.
    """
    try:
        return str((serving_folder() / "current.duckdb").resolve(strict=True))
    except (OSError, RuntimeError) as problem:
        raise ServingFileMissing(str(problem)) from problem


def last_run() -> LastRun | None:
    """How the latest refresh ended; None where that is unknown."""
    try:
        note = json.loads((serving_folder() / "last_run.json").read_text(encoding="utf-8"))
        return LastRun(
            run_id=str(note.get("run_id")),
            finished_at=_moment(note["finished_at"]),
            status=str(note["status"]),
            message=str(note.get("message") or ""),
            failing_since=_moment(note["failing_since"]) if note.get("failing_since") else None,
            failed_runs=int(note.get("failed_runs") or 1),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def audit_page(run_id: str) -> str | None:
    """Where the report of a run's checks lies within the data directory; None where there is none.

    It is a file for whoever works on the machine that refreshes: the dashboard names it and does not serve it.
    """
    page = Path("audit") / run_id / "index.html"
    is_there = Path(run_id).name == run_id and (serving_folder().parent / page).is_file()
    return page.as_posix() if is_there else None


@st.cache_data(show_spinner=False, max_entries=1000)
def _read(file: str, sql: str, parameters: tuple[tuple[str, object], ...]) -> pd.DataFrame:
    """The rows of one query. The file's name is part of the key, so a new publication is read anew."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters}
    with duckdb.connect(file, read_only=True, config=CONNECTION_SETTINGS) as connection:
        return connection.execute(sql, values or None).df()


def _query(file: str, sql: str, **parameters: object) -> pd.DataFrame:
    """Run a query; where the file was pruned after it was resolved, once more on its successor."""
    bound = tuple(parameters.items())
    try:
        try:
            return _read(file, sql, bound)
        except duckdb.IOException:
            if Path(file).exists():
                raise
            return _read(current_file(), sql, bound)
    except duckdb.Error as problem:
        raise ServingFileUnreadable(str(problem)) from problem


def published_run(file: str) -> PublishedRun:
    """The one row that says what was published."""
    rows = _query(
        file,
        """
        select run_id, as_of, published_at, reporting_timezone, reporting_currency, data_complete_through
        from marts.published_run
        """,
    )
    if len(rows) != 1:
        raise ServingFileUnreadable(f"published_run holds {len(rows)} rows instead of one")
    row = rows.iloc[0]
    complete_through = row["data_complete_through"]
    return PublishedRun(
        run_id=str(row["run_id"]),
        as_of=row["as_of"].to_pydatetime(),
        published_at=row["published_at"].to_pydatetime(),
        reporting_timezone=row["reporting_timezone"],
        reporting_currency=row["reporting_currency"],
        data_complete_through=None if pd.isna(complete_through) else complete_through.to_pydatetime(),
    )


def first_lead_date(file: str) -> date | None:
    """The local day of the oldest lead; None where there is no lead at all."""
    value = _query(file, "select min(created_date) as first_date from marts.dim_leads")["first_date"].iloc[0]
    return None if pd.isna(value) else pd.Timestamp(value).date()


def stages(file: str) -> pd.DataFrame:
    """The stages of both tracks in order, with their definitions."""
    return _query(
        file,
        """
        select track, stage, stage_label, stage_order, stage_role, owner_team, stuck_after_days, definition
        from marts.dim_stages
        order by stage_order, track, stage
        """,
    )


def dimension_labels(file: str) -> dict[str, dict[str, str]]:
    """Per filter, each value that a lead has, with the name to show for it, sorted by that name."""
    rows = _query(
        file,
        """
        with used as (
            select 'channel' as dimension, channel as code from marts.dim_leads group by all
            union all
            select 'campaign', campaign_id from marts.dim_leads group by all
            union all
            select 'persona', persona from marts.dim_leads group by all
            union all
            select 'segment', segment from marts.dim_leads group by all
            union all
            select 'product', product from marts.dim_leads group by all
        ),

        parents as (
            -- Filtering by a campaign includes its children, so a parent that has no lead of its own can be chosen too.
            select 'campaign' as dimension, dim_campaigns.parent_campaign_id as code
            from marts.dim_campaigns
            semi join used on used.dimension = 'campaign' and used.code = dim_campaigns.campaign_id
        ),

        named as (
            select
                listed.dimension,
                listed.code,
                coalesce(dim_channels.channel_label, dim_campaigns.campaign_name, listed.code) as label,
            from (select * from used union select * from parents) as listed
            left join marts.dim_channels
                on listed.dimension = 'channel' and listed.code = dim_channels.channel
            left join marts.dim_campaigns
                on listed.dimension = 'campaign' and listed.code = dim_campaigns.campaign_id
            where listed.code is not null
        )

        select
            dimension,
            code,
            -- A reader, and Streamlit too, tells options apart by what they show.
            if(count(*) over (partition by dimension, label) > 1, label || ' (' || code || ')', label) as label,
        from named
        order by dimension, lower(label), code
        """,
    )
    labels: dict[str, dict[str, str]] = {dimension: {} for dimension in DIMENSIONS}
    for dimension, code, label in rows.itertuples(index=False):
        labels[dimension][code] = label
    return labels


def funnel(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """The funnel of the leads created between two local days, per value of a dimension and stage."""
    return _query(
        file,
        """
        select
            dimension_value,
            stage,
            stage_label,
            stage_order,
            track,
            lead_count,
            opportunity_count,
            amount,
            previous_lead_count,
            step_rate,
            entry_rate,
        from marts.funnel(
            group_by := $group_by,
            from_date := $from_date::date,
            to_date := $to_date::date,
            channels := $channels::varchar[],
            campaign_ids := $campaign_ids::varchar[],
            personas := $personas::varchar[],
            segments := $segments::varchar[],
            products := $products::varchar[]
        )
        order by dimension_value, stage_order
        """,
        group_by=group_by,
        from_date=from_date,
        to_date=to_date,
        channels=selection.channel or None,
        campaign_ids=selection.campaign or None,
        personas=selection.persona or None,
        segments=selection.segment or None,
        products=selection.product or None,
    )


def source_freshness(file: str) -> pd.DataFrame:
    """The sources, the stalest first."""
    return _query(
        file,
        """
        select
            source,
            source_label,
            is_required,
            last_loaded_at,
            last_attempt_at,
            last_status,
            last_message,
            data_complete_through,
            row_count,
            quarantined_count,
            hours_since_load,
            max_staleness_hours,
            is_stale,
            last_changed_at,
            quiet_hours,
            is_quiet,
        from marts.fct_source_freshness
        order by is_stale desc, last_status = 'failed' desc, hours_since_load desc nulls first, source
        """,
    )


def marts_of_stale_sources(file: str) -> pd.DataFrame:
    """The marts that rest on older data: one row per stale source and mart that is made of its rows."""
    return _query(
        file,
        """
        select source_label, mart
        from marts.fct_mart_sources
        inner join marts.fct_source_freshness using (source)
        where is_stale
        order by source_label, mart
        """,
    )


def check_results(file: str) -> pd.DataFrame:
    """The checks of the run, the failed ones first, those that block before those that warn."""
    return _query(
        file,
        """
        select check_id, asset, check_name, kind, severity, is_passed, detail
        from marts.fct_check_results
        order by is_passed, severity = 'block' desc, asset, check_name, check_id
        """,
    )


def data_gaps(file: str) -> pd.DataFrame:
    """What the data lacks, the widest of the grave gaps first.

    The rates before and after are null where either is one of fewer records than the playbook allows to be judged.
    """
    return _query(
        file,
        """
        with judged as (
            select gaps.*,
                least(gaps.recent_total_count, gaps.earlier_total_count) >= build.least_group_count as is_judged,
            from marts.fct_data_gaps as gaps, marts.dim_build as build
        )

        select gap, description, entity, affected_count, total_count, affected_rate, value_at_stake_amount,
            case when is_judged then recent_affected_rate end as recent_affected_rate,
            case when is_judged then earlier_affected_rate end as earlier_affected_rate,
            has_changed,
            severity, example_ids, recommended_action,
        from judged
        where affected_count > 0
        order by severity = 'warn' desc, affected_rate desc nulls last, affected_count desc, gap
        """,
    )


def quarantine_reasons(file: str, limit: int) -> pd.DataFrame:
    """Why rows were set aside, the commonest reason first, with the lines where it was met first."""
    return _query(
        file,
        """
        select
            source,
            entity,
            file,
            column_name,
            reason,
            count(*) as row_count,
            array_to_string(
                list_slice(list(coalesce(cast(line as varchar), record_id) order by line, record_id), 1, 5), ', '
            ) as first_lines,
            max(loaded_at) as last_loaded_at,
            sum(row_count) over () as total_row_count,
            count(*) over () as reason_count,
        from marts.fct_quarantine
        group by source, entity, file, column_name, reason
        order by row_count desc, source, entity, file, column_name, reason
        limit $limit
        """,
        limit=limit,
    )


def naming_counts(file: str) -> tuple[int, int]:
    """How many campaigns and tags follow the naming standard, and how many there are."""
    row = _query(file, "select count(*) filter (is_valid) as valid, count(*) as held from marts.fct_campaign_naming")
    return int(row["valid"].iloc[0]), int(row["held"].iloc[0])


def misnamed_campaigns(file: str, limit: int) -> pd.DataFrame:
    """Campaigns and tags off the naming standard, those that most activities carry first."""
    return _query(
        file,
        """
        select kind, name, is_known, violation, suggested_name, activity_count
        from marts.fct_campaign_naming
        where not is_valid
        order by activity_count desc, kind, name
        limit $limit
        """,
        limit=limit,
    )


def restatements(file: str, limit: int) -> pd.DataFrame:
    """Figures of past months that are other ones than published before, the latest move first.

    One row per figure and cause, in order: how the figure stood before and after it, null where there was none.
    `figure_number` tells the figures apart, `figure_count` says how many there are in all.
    """
    return _query(
        file,
        """
        with moved as (
            select
                restatements.*,
                kpis.kpi_label,
                kpis.unit,
                dense_rank() over (
                    order by as_of desc, month_start_date desc, kpis.kpi_order, restatements.kpi
                ) as figure_number
            from marts.fct_restatements as restatements
            inner join playbook.kpis on restatements.kpi = kpis.kpi
            where dimension = 'all'
        )

        select
            figure_number,
            as_of,
            month_start_date,
            kpi_label,
            unit,
            cause,
            before_value,
            after_value,
            (select max(figure_number) from moved) as figure_count,
        from moved
        where figure_number <= $limit
        order by figure_number, cause_order
        """,
        limit=limit,
    )


def replays() -> list[str]:
    """The files of the replays that are kept, the newest first."""
    return sorted(map(str, (serving_folder() / "replays").glob("*.duckdb")), reverse=True)


def replay(file: str) -> Replay:
    """What was replayed."""
    row = _query(file, "from replay").iloc[0]
    scenarios = _query(file, "select scenario, is_base from scenarios order by position")
    return Replay(
        replayed_at=row["replayed_at"].to_pydatetime(),
        as_of=row["as_of"].to_pydatetime(),
        from_date=row["from_date"].date(),
        to_date=row["to_date"].date(),
        opportunity_days=int(row["opportunity_days"]),
        playbook_folder=row["playbook_folder"],
        scenarios=tuple(scenarios["scenario"]),
        base=scenarios.loc[scenarios["is_base"].astype(bool), "scenario"].iloc[0],
    )


def replayed_rules(file: str) -> pd.DataFrame:
    """What the changed playbook says otherwise than the one in force."""
    return _query(file, "select table_name, rule, column_name, before, after from changed_rules order by position")


def replayed_stages(file: str) -> pd.DataFrame:
    """Per stage that has criteria, how many leads meet them by either rules, in order of the stages."""
    return _query(
        file,
        """
        select
            stage_order,
            stage_label,
            is_handover,
            kept_count,
            gone_count,
            gone_opportunity_count,
            new_count,
            new_opportunity_count,
        from stages
        inner join leads_compared using (stage_order)
        order by stage_order
        """,
    )


def replayed_months(file: str) -> pd.DataFrame:
    """Per rules, stage and month, and without a month for all of the period: crossings and what became of them."""
    return _query(
        file,
        """
        select
            scenario,
            stage_order,
            month_start_date,
            crossing_count,
            lead_count,
            recorded_count,
            accepted_count,
            opportunity_count,
            recorded_rate,
            accepted_rate,
            opportunity_rate,
            crossings_per_week,
            capacity_rate,
            is_young,
            is_partial,
        from months
        order by stage_order, month_start_date nulls first, scenario
        """,
    )


def replayed_reps(file: str) -> pd.DataFrame:
    """Per rules and rep, the crossings a week beside what the rep can take; without an owner, what none of them had."""
    return _query(
        file,
        """
        select
            scenario,
            owner_id,
            team,
            is_active,
            capacity_per_week,
            crossing_count,
            crossings_per_week,
            capacity_rate,
            busiest_capacity_rate,
            busiest_month_start_date,
        from reps_counted
        order by owner_id nulls last, scenario
        """,
    )
