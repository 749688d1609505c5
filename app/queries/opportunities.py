"""How many deals are created, and how many close."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, in_period, narrowing, query, table_macro, within
from app.queries import records


def totals(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.Series:
    """Deals created and closed in the period, and what is open now."""
    return query(
        file,
        f"""
        select
            count(*) filter ({in_period("created_date")}) as created_count,
            count(*) filter (closed_date is not null and {in_period("closed_date")}) as closed_count,
            count(*) filter (closed_date is not null and is_won and {in_period("closed_date")}) as won_count,
            avg(won_amount) filter (is_won and {in_period("closed_date")}) as mean_won_amount,
            count(*) filter (not is_closed) as open_count,
            sum(current_amount) filter (not is_closed) as open_amount,
            sum(expected_amount) filter (not is_closed) as expected_amount,
        from marts.fct_opportunities
        where {HOLDS_FILTERS}
        """,
        **within(from_date, to_date, selection),
    ).iloc[0]


def lost_behind(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, reason: str, limit: int
) -> pd.DataFrame:
    """The deals lost in the period for a reason; an empty one for those without."""
    return records.deals(
        file,
        "current_amount",
        f"is_closed and not is_won and {in_period('closed_date')} and {HOLDS_FILTERS} "
        "and coalesce(lost_reason, '') = $reason",
        limit,
        reason=reason,
        **within(from_date, to_date, selection),
    )


def decided_behind(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    group_by: str,
    value: str,
    limit: int,
) -> pd.DataFrame:
    """The deals of a group that were created in the period and are closed, won and lost."""
    return records.deals(
        file,
        "current_amount",
        f"is_closed and {in_period('created_date')} and {HOLDS_FILTERS} and {records.is_of_group(group_by)}",
        limit,
        value=value,
        **within(from_date, to_date, selection),
    )


def expected_behind(file: str, selection: Selection, month: str | None, limit: int) -> pd.DataFrame:
    """The open deals that are to close in a month; without one those that are overdue."""
    return records.deals(
        file,
        "current_amount",
        f"""
        not is_closed and {HOLDS_FILTERS}
        and if(
            expected_close_date < (select as_of_date from marts.dim_build),
            $month::date is null,
            date_trunc('month', expected_close_date) = $month::date
        )
        """,
        limit,
        month=month,
        **narrowing(selection),
    )


def losses(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.DataFrame:
    """Deals lost in the period by reason, the most money first."""
    return query(
        file,
        f"""
        select lost_reason, count(*) as lost_count, coalesce(sum(current_amount), 0) as lost_amount
        from marts.fct_opportunities
        where is_closed and not is_won and {in_period("closed_date")} and {HOLDS_FILTERS}
        group by lost_reason
        order by lost_amount desc, lost_count desc, lost_reason
        """,
        **within(from_date, to_date, selection),
    )


def cohorts(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str
) -> pd.DataFrame:
    """Deals created in the period, per group: how many of those that closed were won, with bounds."""
    rows = table_macro(file, "opportunity_cohorts", from_date, to_date, selection, by_month=False, group_by=group_by)
    return rows.sort_values(["created_count", "dimension_value"], ascending=[False, True])


def expected_months(file: str, selection: Selection) -> pd.DataFrame:
    """The open pipeline by the month in which deals are expected to close; overdue ones come first."""
    return query(
        file,
        f"""
        select
            if(expected_close_date < as_of_date, null, date_trunc('month', expected_close_date)) as month_start_date,
            expected_close_date < as_of_date as is_overdue,
            count(*) as open_count,
            coalesce(sum(current_amount), 0) as open_amount,
            sum(expected_amount) as expected_amount,
        from marts.fct_opportunities, marts.dim_build
        where not is_closed and expected_close_date is not null and {HOLDS_FILTERS}
        group by all
        order by is_overdue desc, month_start_date
        """,
        **narrowing(selection),
    )


def open_deals(file: str, selection: Selection, limit: int) -> pd.DataFrame:
    """The open deals, those with most money first."""
    return query(
        file,
        f"""
        select opportunity_id, deals.account_id, account_name, coalesce(stage_label, stage) as stage_label,
            owner_id, current_amount, win_probability,
            expected_amount, stage_age_days, expected_days, is_stuck, expected_close_date, deals.segment, channel,
            date_diff('day', created_date, as_of_date) as age_days, count(*) over () as all_count,
        from marts.fct_opportunities as deals
        cross join marts.dim_build
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        {records.stages_of("opportunity", "stage")}
        where not is_closed and {HOLDS_FILTERS}
        order by current_amount desc nulls last, opportunity_id
        limit $limit
        """,
        limit=limit,
        **narrowing(selection),
    )
