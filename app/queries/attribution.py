"""What marketing built, under each attribution model."""

from datetime import date

import pandas as pd

from app.data import Selection, query

UNATTRIBUTED = "unattributed"
# The month is the conversion's: what came in then, and whom it is owed to.
OF_PERIOD = """
    date_basis = 'conversion' and conversion_type = $conversion_type
    and ($from_month::date is null or month_start_date >= $from_month::date)
    and ($to_month::date is null or month_start_date <= $to_month::date)
    and ($channels::varchar[] is null or list_contains($channels::varchar[], channel))
    and ($campaign_ids::varchar[] is null or campaign_id in (
        select campaigns.campaign_id from marts.dim_campaigns as campaigns
        where list_contains($campaign_ids::varchar[], campaigns.campaign_id)
            or list_contains($campaign_ids::varchar[], campaigns.parent_campaign_id)
    ))
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
