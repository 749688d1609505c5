"""How much revenue is being built, and what needs a decision."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, HOLDS_ORIGIN, Selection, in_period, query, within
from app.queries import records

# What it costs is known by channel, campaign and product, never by who somebody is.
COSTED = ("channel", "campaign", "product")


def deals(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.Series:
    """Deals opened, and deals closed, between two local days."""
    return query(
        file,
        f"""
        with deals as (
            select *,
                {in_period("created_date")} as is_opened,
                closed_date is not null
                    and {in_period("closed_date")} as is_ended,
            from marts.fct_opportunities
            where {HOLDS_FILTERS}
        )

        select
            count(*) filter (is_opened) as opened_count,
            coalesce(sum(pipeline_amount) filter (is_opened), 0) as pipeline_amount,
            count(*) filter (is_ended) as closed_count,
            count(*) filter (is_ended and is_won) as won_count,
            coalesce(sum(won_amount) filter (is_ended), 0) as won_amount,
            median(cycle_days) filter (is_ended and is_won) as median_cycle_days,
        from deals
        """,
        **within(from_date, to_date, selection),
    ).iloc[0]


def months(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> pd.DataFrame:
    """Per month: pipeline opened, revenue won, deals closed and won."""
    return query(
        file,
        f"""
        with deals as (
            select * from marts.fct_opportunities where {HOLDS_FILTERS}
        ),

        events as (
            select date_trunc('month', created_date)::date as month_start_date, pipeline_amount, 0 as won_amount,
                0 as closed_count, 0 as won_count, null::double as cycle_days,
            from deals
            where {in_period("created_date")}
            union all
            select date_trunc('month', closed_date)::date, 0, won_amount, 1, is_won::int, if(is_won, cycle_days, null),
            from deals
            where closed_date is not null
                and {in_period("closed_date")}
        ),

        counted as (
            select month_start_date,
                sum(coalesce(pipeline_amount, 0)) as pipeline_amount,
                sum(coalesce(won_amount, 0)) as won_amount,
                sum(closed_count) as closed_count,
                sum(won_count) as won_count,
                median(cycle_days) as median_cycle_days,
            from events
            group by month_start_date
        )

        select
            calendar.month_start_date,
            coalesce(pipeline_amount, 0) as pipeline_amount,
            coalesce(won_amount, 0) as won_amount,
            coalesce(closed_count, 0) as closed_count,
            coalesce(won_count, 0) as won_count,
            median_cycle_days,
        from (
            select distinct month_start_date
            from marts.dim_dates
            where month_start_date between (select min(month_start_date) from counted)
                and (select max(month_start_date) from counted)
        ) as calendar
        left join counted using (month_start_date)
        order by month_start_date
        """,
        **within(from_date, to_date, selection),
    )


def deals_behind(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    month: str,
    amount: str,
    limit: int,
) -> pd.DataFrame:
    """The deals behind a month: opened in it (`pipeline_amount`), won in it (`won_amount`) or closed in it."""
    day, condition = {
        "pipeline_amount": ("created_date", "true"),
        "won_amount": ("closed_date", "is_won"),
        "current_amount": ("closed_date", "is_closed"),
    }[amount]
    return records.deals(
        file,
        amount,
        f"{condition} and date_trunc('month', {day}) = $month::date and {in_period(day)} and {HOLDS_FILTERS}",
        limit,
        month=month,
        **within(from_date, to_date, selection),
    )


def marketing_cost(file: str, from_date: date | None, to_date: date | None, selection: Selection) -> float | None:
    """What marketing cost between two local days; None where nothing is known, or a filter is on that costs lack."""
    if selection.persona or selection.segment:
        return None
    value = query(
        file,
        f"""
        select sum(cost_amount) as cost_amount
        from marts.fct_costs
        where team = 'marketing'
            and {in_period("cost_date")}
            and {HOLDS_ORIGIN}
            and ($products::varchar[] is null or list_contains($products::varchar[], product))
        """,
        from_date=from_date,
        to_date=to_date,
        channels=selection.channel or None,
        campaign_ids=selection.campaign or None,
        products=selection.product or None,
    )["cost_amount"].iloc[0]
    return None if pd.isna(value) else float(value)


def decisions(file: str, limit: int) -> pd.DataFrame:
    """What the numbers point at, most money at stake first."""
    return query(
        file,
        """
        select diagnostic, subject, severity, description, recommended_action, affected_count, value_at_stake_amount,
            stage_label,
        from marts.fct_diagnostics
        left join (select stage, any_value(stage_label) as stage_label from marts.dim_stages group by stage) as stages
            on diagnostic in ('stuck_leads', 'stuck_opportunities') and subject = stage
        where value_at_stake_amount > 0
        order by value_at_stake_amount desc, diagnostic, subject
        limit $limit
        """,
        limit=limit,
    )


def targets(file: str, from_date: date | None, to_date: date | None) -> pd.DataFrame:
    """Per KPI that has targets: what came and what was to come, over the months of the period that have one."""
    return query(
        file,
        """
        select kpi, any_value(kpi_label) as kpi_label, any_value(unit) as unit, any_value(direction) as direction,
            any_value(definition) as definition, sum(value) as value, sum(target) as target,
        from marts.fct_kpis_monthly
        inner join playbook.kpis using (kpi)
        where dimension = 'all' and target is not null and unit in ('count', 'amount')
            and ($from_date::date is null or month_start_date >= date_trunc('month', $from_date::date))
            and ($to_date::date is null or month_start_date <= $to_date::date)
        group by kpi
        order by min(kpi_order)
        """,
        from_date=from_date,
        to_date=to_date,
    )


def kpi_definitions(file: str) -> dict[str, str]:
    """What each KPI means, in the playbook's words."""
    rows = query(file, "select kpi, definition from playbook.kpis")
    return dict(rows.itertuples(index=False))
