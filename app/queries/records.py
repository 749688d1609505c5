"""The people and deals behind a number, by that number's own condition, so that both hold the same records."""

import pandas as pd

from app.data import query

# The column of each filter. A record without a value is called as the marts call it.
COLUMNS = {
    "channel": "channel",
    "campaign": "campaign_id",
    "persona": "persona",
    "segment": "segment",
    "product": "product",
}


def group_of(dimension: str) -> str:
    """To which group of a dimension a record belongs."""
    return f"coalesce({COLUMNS[dimension]}, '(none)')"


def is_of_group(dimension: str) -> str:
    """Whether a record belongs to the group of a dimension that `$value` names."""
    return f"{group_of(dimension)} = $value"


def stages_of(track: str, column: str) -> str:
    """The join that gives a stage's `stage_label` to a query whose `column` holds the stage."""
    labels = f"select stage as labelled_stage, stage_label from marts.dim_stages where track = '{track}'"
    return f"left join ({labels}) as stages on {column} = stages.labelled_stage"


def leads(file: str, condition: str, limit: int, **parameters: object) -> pd.DataFrame:
    """Leads of `dim_leads`, those that came less far first, then those that show most intent.

    `all_count` is how many there are, also beyond the limit.
    """
    return query(
        file,
        f"""
        select leads.lead_id, leads.account_id, account_name, leads.channel, leads.segment, leads.persona,
            coalesce(stage_label, current_stage) as stage_label, created_date, fit_score, intent_score, is_in_icp,
            count(*) over () as all_count,
        from marts.dim_leads as leads
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        {stages_of("lead", "current_stage")}
        where {condition}
        order by furthest_stage_order, intent_score desc nulls last, leads.lead_id
        limit $limit
        """,
        limit=limit,
        **parameters,
    )


def deals(file: str, amount: str, condition: str, limit: int, **parameters: object) -> pd.DataFrame:
    """Deals of `fct_opportunities`, those with most money in the column `amount` first.

    `all_count` and `all_amount` are of all there are, also beyond the limit.
    """
    return query(
        file,
        f"""
        select opportunity_id, deals.account_id, account_name, coalesce(stage_label, stage) as stage_label,
            created_date, closed_date, deals.segment, channel, lost_reason, deals.{amount} as amount,
            count(*) over () as all_count, sum(deals.{amount}) over () as all_amount,
        from marts.fct_opportunities as deals
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        {stages_of("opportunity", "stage")}
        where {condition}
        order by deals.{amount} desc nulls last, opportunity_id
        limit $limit
        """,
        limit=limit,
        **parameters,
    )
