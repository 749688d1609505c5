"""How many new leads came, from where, how good and at what price."""

from datetime import date

import pandas as pd

from app.data import Selection, query, table_macro


def months(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """Leads by month of creation and group."""
    rows = table_macro(file, "lead_acquisition", from_date, to_date, selection, group_by=group_by)
    return rows.sort_values(["month_start_date", "dimension_value"])


def ad_costs(file: str, from_date: date | None, to_date: date | None, dimension: str) -> pd.DataFrame:
    """What ads cost between two local days, by channel or campaign."""
    column = {"channel": "channel", "campaign": "campaign_id"}[dimension]
    return query(
        file,
        f"""
        select {column} as dimension_value, sum(cost_amount) as cost_amount
        from marts.fct_costs
        where cost_type = 'media' and {column} is not null
            and ($from_date::date is null or cost_date >= $from_date::date)
            and ($to_date::date is null or cost_date <= $to_date::date)
        group by 1
        """,
        from_date=from_date,
        to_date=to_date,
    )
