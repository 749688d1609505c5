"""How many new leads came, from where, how good and at what price."""

from datetime import date

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, in_period, query, table_macro, within
from app.queries import records


def months(
    file: str, from_date: date | None, to_date: date | None, selection: Selection, group_by: str = "all"
) -> pd.DataFrame:
    """Leads by month of creation and group."""
    rows = table_macro(file, "lead_acquisition", from_date, to_date, selection, group_by=group_by)
    return rows.sort_values(["month_start_date", "dimension_value"])


def net_new_behind(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    group_by: str,
    month: str,
    groups: tuple[str, ...],
    is_any_other: bool,
    limit: int,
) -> pd.DataFrame:
    """The net new leads created in a month, of these groups or of any other."""
    return records.leads(
        file,
        f"""
        is_net_new and created_month_start_date = $month::date and {in_period("created_date")} and {HOLDS_FILTERS}
        and list_contains($groups::varchar[], {records.group_of(group_by)}) != $is_any_other
        """,
        limit,
        month=month,
        groups=groups,
        is_any_other=is_any_other,
        **within(from_date, to_date, selection),
    )


def judged_behind(
    file: str,
    from_date: date | None,
    to_date: date | None,
    selection: Selection,
    group_by: str,
    value: str,
    limit: int,
) -> pd.DataFrame:
    """The leads of a group whose fit can be judged."""
    return records.leads(
        file,
        f"""
        is_in_icp is not null and {in_period("created_date")} and {HOLDS_FILTERS} and {records.is_of_group(group_by)}
        """,
        limit,
        value=value,
        **within(from_date, to_date, selection),
    )


def ad_costs(file: str, from_date: date | None, to_date: date | None, dimension: str) -> pd.DataFrame:
    """What ads cost between two local days, by channel or campaign."""
    column = records.COLUMNS[dimension]
    return query(
        file,
        f"""
        select {column} as dimension_value, sum(cost_amount) as cost_amount
        from marts.fct_costs
        where cost_type = 'media' and {column} is not null
            and {in_period("cost_date")}
        group by 1
        """,
        from_date=from_date,
        to_date=to_date,
    )
