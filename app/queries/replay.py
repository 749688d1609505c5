"""What a changed playbook would have made of the past."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from app import data
from app.data import query


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


def replays() -> list[str]:
    """The files of the replays that are kept, the newest first."""
    return sorted(map(str, (data.serving_folder() / "replays").glob("*.duckdb")), reverse=True)


def replay(file: str) -> Replay:
    """What was replayed."""
    row = query(file, "from replay").iloc[0]
    scenarios = query(file, "select scenario, is_base from scenarios order by position")
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
    return query(file, "select table_name, rule, column_name, before, after from changed_rules order by position")


def replayed_stages(file: str) -> pd.DataFrame:
    """Per stage that has criteria, how many leads meet them by either rules, in order of the stages."""
    return query(
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
    return query(
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
    return query(
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
