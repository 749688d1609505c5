"""Which content people meet, and what they do next."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, in_months, in_period, query, table_macro, within
from app.queries import records


def effects(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    group_by: str,
    by_stage: bool = False,
) -> pd.DataFrame:
    """Per group: how many of those who met it took the next step soon after, beside how many do anyway."""
    rows = table_macro(file, "content_effect", from_date, to_date, selection, group_by=group_by, by_stage=by_stage)
    return rows.sort_values(["lead_count", "dimension_value"], ascending=[False, True])


def contents(file: str) -> dict[str, str]:
    """The pieces of content by their names."""
    return dict(query(file, "select content_id, content_name from marts.dim_content").itertuples(index=False))


def unused(file: str, from_date: date | None, to_date: date | None) -> pd.DataFrame:
    """The pieces that nobody met in the period."""
    return query(
        file,
        f"""
        select content_id, content_name, content_type, topic, funnel_phase
        from marts.dim_content
        anti join (
            select content_id
            from marts.fct_content_interactions
            where {in_period("occurred_date")}
        ) as met using (content_id)
        order by content_type, content_name
        """,
        from_date=from_date,
        to_date=to_date,
    )


def readers_behind(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, content_id: str, limit: int
) -> pd.DataFrame:
    """The people who met a piece by themselves in the period."""
    return records.leads(
        file,
        f"""
        leads.lead_id in (
            select lead_id from marts.fct_content_interactions
            where is_touch and content_id = $content_id and {in_period("occurred_date")} and {HOLDS_FILTERS}
        )
        """,
        limit,
        content_id=content_id,
        **within(from_date, to_date, selection),
    )


def landing_pages(file: str, from_month: date | None, to_month: date | None, limit: int) -> pd.DataFrame:
    """The pages on which visits began: how many forms, leads and qualified leads came of them."""
    return query(
        file,
        f"""
        select landing_page, sum(session_count) as session_count, sum(form_count) as form_count,
            sum(lead_count) as lead_count, sum(qualified_lead_count) as qualified_lead_count,
        from marts.fct_landing_page_performance
        where {in_months("month_start_date")}
        group by landing_page
        order by lead_count desc, session_count desc, landing_page
        limit $limit
        """,
        from_month=from_month,
        to_month=to_month,
        limit=limit,
    )
