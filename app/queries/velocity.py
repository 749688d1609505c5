"""How long leads and deals stay in their stages, and who is stuck."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, MACRO_FILTERS, Selection, in_period, is_kept, narrowing, query, table_macro, within

# First stays whose beginning is known, as `stage_durations` takes them.
TO_FOLLOW = f"""
    visit_number = 1 and not is_left_truncated and entered_at is not null
    and {in_period("entered_date")} and {HOLDS_FILTERS}
"""


def survival(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    track: str,
    stage: str,
    group_by: str,
    most: int,
) -> pd.DataFrame:
    """The share of stays in a stage that last longer than so many days, with its bounds, per group.

    Of a group with more than `most` durations that many, evenly taken, the first and the last among them.
    """
    return query(
        file,
        f"""
        with curves as (
            from marts.stage_survival(on_track := $track, in_stage := $stage, group_by := $group_by, {MACRO_FILTERS})
        ),

        numbered as (
            select *,
                row_number() over (partition by dimension_value order by duration_days) as place,
                count(*) over (partition by dimension_value) as durations_count,
            from curves
        )

        select * exclude (place, durations_count)
        from numbered
        where {is_kept("place", "durations_count")}
        order by dimension_value, duration_days
        """,
        track=track,
        stage=stage,
        group_by=group_by,
        most=most,
        **within(from_date, to_date, selection),
    )


def visited(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.DataFrame:
    """The stages in which there are stays to follow."""
    return query(
        file,
        f"""
        with visited as (
            select 'lead' as track, stage from marts.fct_lead_stage_visits where {TO_FOLLOW} group by stage
            union all
            select 'opportunity', stage from marts.fct_opportunity_stage_visits where {TO_FOLLOW} group by stage
        )

        select track, stage
        from visited
        semi join (select track, stage from marts.dim_stages where not is_final) as ways_on using (track, stage)
        """,
        **within(from_date, to_date, selection),
    )


def durations(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    group_by: str = "all",
    track: str | None = None,
    stage: str | None = None,
) -> pd.DataFrame:
    """How long stays last, per stage and group; of one stage where it is named."""
    return table_macro(
        file, "stage_durations", from_date, to_date, selection, group_by=group_by, on_track=track, in_stage=stage
    )


def stuck(file: str, selection: Selection, stage: str | None) -> pd.Series:
    """How many leads are stuck, in a stage or in all, and what they are worth."""
    return query(
        file,
        f"""
        select count(*) as lead_count, coalesce(sum(value_at_stake_amount), 0) as value_at_stake_amount
        from marts.fct_stuck_leads
        where ($stage::varchar is null or stage = $stage) and {HOLDS_FILTERS}
        """,
        stage=stage,
        **narrowing(selection),
    ).iloc[0]


def stuck_leads(file: str, selection: Selection, stage: str | None, limit: int) -> pd.DataFrame:
    """The stuck leads with most at stake."""
    return query(
        file,
        f"""
        select lead_id, account_id, account_name, stage, owner_id, age_days, expected_days, limit_days,
            value_at_stake_amount, recommended_action, stuck.segment, channel,
        from marts.fct_stuck_leads as stuck
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        where ($stage::varchar is null or stage = $stage) and {HOLDS_FILTERS}
        order by value_at_stake_amount desc nulls last, age_days desc, lead_id
        limit $limit
        """,
        stage=stage,
        limit=limit,
        **narrowing(selection),
    )
