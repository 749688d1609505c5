"""What marketing cost, and what it brought back."""

from datetime import date

import pandas as pd

from app.data import in_months, query


def returns(
    file: str,
    from_month: date | None,
    to_month: date | None,
    per: str,
    by_date_of: str = "conversion",
    by_month: bool = False,
) -> pd.DataFrame:
    """Costs and what came of them, per channel, campaign or all and per model; null_reason says what cannot be told."""
    return query(
        file,
        """
        select dimension_value, month_start_date, is_partial_period, attribution_model, pipeline_amount, won_amount,
            margin_amount, coverage_rate, total_cost_amount, marketing_cost_amount, media_cost_amount, roi, romi, roas,
            cost_per_lead, null_reason,
        from marts.marketing_return(
            per := $per, by_date_of := $by_date_of, by_month := $by_month,
            from_month := $from_month::date, to_month := $to_month::date
        )
        order by dimension_value, month_start_date, attribution_model
        """,
        per=per,
        by_date_of=by_date_of,
        by_month=by_month,
        from_month=from_month,
        to_month=to_month,
    )


def kpis(file: str, from_month: date | None, to_month: date | None, names: tuple[str, ...]) -> pd.DataFrame:
    """KPIs that are ratios, over these months: the ratio of the sums; null where a part of it is not known."""
    return query(
        file,
        f"""
        select kpi, any_value(kpi_label) as kpi_label, any_value(definition) as definition, any_value(unit) as unit,
            sum(inputs.numerator) as numerator, sum(inputs.denominator) as denominator,
            case when count(*) = count(inputs.numerator) and count(*) = count(inputs.denominator)
                then sum(inputs.numerator) / nullif(sum(inputs.denominator), 0) end as value,
            max(null_reason) as null_reason,
        from marts.fct_kpi_inputs as inputs
        inner join playbook.kpis using (kpi)
        where dimension = 'all' and list_contains($names::varchar[], kpi)
            and {in_months("month_start_date")}
        group by kpi
        """,
        names=names,
        from_month=from_month,
        to_month=to_month,
    )


def latest(file: str, kpi: str) -> pd.Series | None:
    """A KPI of the latest month that is over and known; None where there is none."""
    rows = query(
        file,
        """
        select month_start_date, value, kpi_label, definition
        from marts.fct_kpis_monthly
        inner join playbook.kpis using (kpi)
        where kpi = $kpi and dimension = 'all' and not is_partial_period and value is not null
        order by month_start_date desc
        limit 1
        """,
        kpi=kpi,
    )
    return None if rows.empty else rows.iloc[0]


def campaign_names(file: str) -> dict[str, str]:
    """The campaigns by their names."""
    return dict(query(file, "select campaign_id, campaign_name from marts.dim_campaigns").itertuples(index=False))
