"""How long leads and deals stay in their stages, and who is stuck."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, narrowing, query, table_macro


def survival(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, track: str, stage: str, group_by: str
) -> pd.DataFrame:
    """The share of stays in a stage that last longer than so many days, with its bounds, per group."""
    rows = table_macro(
        file, "stage_survival", from_date, to_date, selection, on_track=track, in_stage=stage, group_by=group_by
    )
    return rows.sort_values(["dimension_value", "duration_days"])


def durations(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """How long stays last, per stage and group."""
    return table_macro(file, "stage_durations", from_date, to_date, selection, group_by=group_by)


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
