"""How far leads get, and where they are lost."""

from datetime import date

import pandas as pd

from app.data import MACRO_FILTERS, Selection, narrowing, query


def stages(file: str) -> pd.DataFrame:
    """The stages of both tracks in order, with their definitions."""
    return query(
        file,
        """
        select track, stage, stage_label, stage_order, stage_role, owner_team, stuck_after_days, definition
        from marts.dim_stages
        order by stage_order, track, stage
        """,
    )


def funnel(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """The funnel of the leads created between two local days, per value of a dimension and stage."""
    return query(
        file,
        f"""
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
        from marts.funnel(group_by := $group_by, {MACRO_FILTERS})
        order by dimension_value, stage_order
        """,
        group_by=group_by,
        from_date=from_date,
        to_date=to_date,
        **narrowing(selection),
    )


def leaks(file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str) -> pd.DataFrame:
    """What each step of the funnel loses in each group against the best quarter of the groups, the costliest first."""
    return query(
        file,
        f"""
        select
            entered_stage,
            reached_stage,
            dimension_value,
            within_days,
            mature_count,
            mature_reached_count,
            conversion_rate,
            benchmark_rate,
            benchmark_group_count,
            lost_count,
            lost_count_lower,
            value_at_stake_amount,
            value_at_stake_amount_lower,
            value_at_stake_amount_upper,
            leak_rank,
        from marts.funnel_leaks(group_by := $group_by, {MACRO_FILTERS})
        order by leak_rank nulls last, entered_stage, reached_stage, dimension_value
        """,
        group_by=group_by,
        from_date=from_date,
        to_date=to_date,
        **narrowing(selection),
    )
