"""What marketing built, under each attribution model."""

from datetime import date

import pandas as pd

from app.data import HOLDS_ORIGIN, Selection, in_months, query
from app.queries import records

UNATTRIBUTED = "unattributed"
# The month is the conversion's: what came in then, and whom it is owed to.
OF_PERIOD = f"""
    date_basis = 'conversion' and conversion_type = $conversion_type
    and {in_months("month_start_date")}
    and {HOLDS_ORIGIN}
"""


def by_channel(
    file: str, from_month: date | None, to_month: date | None, selection: Selection, conversion_type: str
) -> pd.DataFrame:
    """Per model and channel: credit and amount of the conversions of these months."""
    return query(
        file,
        f"""
        select attribution_model, channel, sum(credit) as credit, sum(amount) as amount
        from marts.fct_attribution_monthly
        where {OF_PERIOD}
        group by attribution_model, channel
        order by attribution_model, channel
        """,
        from_month=from_month,
        to_month=to_month,
        channels=selection.channel or None,
        campaign_ids=selection.campaign or None,
        conversion_type=conversion_type,
    )


def coverage(
    file: str, from_month: date | None, to_month: date | None, selection: Selection, conversion_type: str, model: str
) -> pd.DataFrame:
    """Per month: what of the conversions is owed to some touch, under a model."""
    return query(
        file,
        f"""
        select month_start_date, sum(credit) as credit,
            coalesce(sum(credit) filter (channel != '{UNATTRIBUTED}'), 0) as attributed_credit,
        from marts.fct_attribution_monthly
        where {OF_PERIOD} and attribution_model = $model and month_start_date is not null
        group by month_start_date
        order by month_start_date
        """,
        from_month=from_month,
        to_month=to_month,
        channels=selection.channel or None,
        campaign_ids=selection.campaign or None,
        conversion_type=conversion_type,
        model=model,
    )


def credits_behind(
    file: str,
    from_month: date | None,
    to_month: date | None,
    selection: Selection,
    conversion_type: str,
    model: str,
    per: str,
    value: str,
    limit: int,
) -> pd.DataFrame:
    """The conversions of these months that owe something to a channel or campaign, those that owe most first.

    `all_count`, `all_credit` and `all_amount` are of all there are, also beyond the limit.
    """
    return query(
        file,
        f"""
        with credits as (
            select conversion_id, sum(credit) as credit, sum(amount) as amount
            from marts.fct_attributed_touches
            inner join playbook.attribution_windows using (attribution_window, conversion_type)
            where is_headline and attribution_model = $model and conversion_type = $conversion_type
                and {records.COLUMNS[per]} = $value
                and {in_months("date_trunc('month', converted_date)")}
                and {HOLDS_ORIGIN}
            group by conversion_id
        )

        select conversions.opportunity_id, conversions.lead_id, conversions.account_id, account_name,
            conversions.converted_date, credits.credit, credits.amount, conversions.amount as whole_amount,
            count(*) over () as all_count, sum(credits.credit) over () as all_credit,
            sum(credits.amount) over () as all_amount,
        from credits
        inner join marts.fct_conversions as conversions using (conversion_id)
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        order by credits.amount desc nulls last, credits.credit desc, conversion_id
        limit $limit
        """,
        model=model,
        conversion_type=conversion_type,
        value=value,
        from_month=from_month,
        to_month=to_month,
        channels=selection.channel or None,
        campaign_ids=selection.campaign or None,
        limit=limit,
    )


def data_driven(file: str, conversion_type: str) -> pd.DataFrame:
    """Markov and Shapley, per channel with bounds, or why there is none."""
    return query(
        file,
        """
        select attribution_model, channel, credit_share, credit, lower_credit, upper_credit, journey_count,
            converted_count, refusal,
        from marts.fct_channel_attribution
        where conversion_type = $conversion_type
        order by attribution_model, credit desc nulls last, channel
        """,
        conversion_type=conversion_type,
    )


def channel_labels(file: str) -> dict[str, str]:
    """The channels by what the company calls them."""
    return dict(query(file, "select channel, channel_label from marts.dim_channels").itertuples(index=False))


def model_definitions(file: str) -> dict[str, str]:
    """What each model gives its credit to, in the playbook's words."""
    return dict(
        query(file, "select attribution_model, definition from playbook.attribution_models").itertuples(index=False)
    )
