"""How far leads get, and where they are lost."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, in_period, query, table_macro, within
from app.queries import records


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
    rows = table_macro(file, "funnel", from_date, to_date, selection, group_by=group_by)
    return rows.sort_values(["dimension_value", "stage_order"], ignore_index=True)


def reached_behind(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    stage_order: int,
    limit: int,
    group_by: str | None = None,
    value: str | None = None,
) -> pd.DataFrame:
    """The leads of the cohort, or of one of its groups, that have come to a stage or beyond."""
    is_of_group = f"and {records.is_of_group(group_by)}" if group_by else ""
    return records.leads(
        file,
        f"""
        furthest_stage_order >= $stage_order and {in_period("created_date")} and {HOLDS_FILTERS} {is_of_group}
        """,
        limit,
        stage_order=stage_order,
        **within(from_date, to_date, selection),
        **({"value": value} if group_by else {}),
    )


def leaks(file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str) -> pd.DataFrame:
    """What each step of the funnel loses in each group against the best quarter of the groups, the costliest first."""
    rows = table_macro(file, "funnel_leaks", from_date, to_date, selection, group_by=group_by)
    return rows.sort_values(["leak_rank", "entered_stage", "reached_stage", "dimension_value"], ignore_index=True)
