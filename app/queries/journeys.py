"""One account: everything that happened, and why its people have the scores that they have."""

import pandas as pd

from app.data import query
from app.queries import records


def accounts(file: str, words: str, limit: int) -> pd.DataFrame:
    """Accounts whose name, domain or id holds these words, those with most money open or won first; without words
    those that have deals."""
    return query(
        file,
        """
        with found as (
            select account_id, coalesce(account_name, account_id) as account_name
            from marts.dim_accounts
            where $words = '' or contains(lower(account_name), lower($words)) or contains(lower(domain), lower($words))
                or account_id = $words
        ),

        deals as (
            select account_id, sum(current_amount) filter (not is_closed) as open_amount, sum(won_amount) as won_amount
            from marts.fct_opportunities
            group by account_id
        )

        select account_id, account_name
        from found
        left join deals using (account_id)
        where $words != '' or deals.account_id is not null
        order by open_amount desc nulls last, won_amount desc nulls last, account_name, account_id
        limit $limit
        """,
        words=words,
        limit=limit,
    )


def account(file: str, account_id: str) -> pd.Series | None:
    """What is known of an account; None where there is no such."""
    rows = query(
        file,
        """
        select accounts.account_id, account_name, industry, employee_count, country, segment, is_customer,
            (select count(*) from marts.dim_leads as leads where leads.account_id = accounts.account_id) as lead_count,
            (select min(occurred_at) from marts.fct_touches as touches where touches.account_id = accounts.account_id)
                as first_touched_at,
            (select count(*) from marts.fct_touches as touches where touches.account_id = accounts.account_id)
                as touch_count,
            (
                select sum(won_amount) from marts.fct_opportunities as deals
                where deals.account_id = accounts.account_id
            ) as won_amount,
            (
                select sum(current_amount) filter (not is_closed) from marts.fct_opportunities as deals
                where deals.account_id = accounts.account_id
            ) as open_amount,
        from marts.dim_accounts as accounts
        where accounts.account_id = $account_id
        """,
        account_id=account_id,
    )
    return None if rows.empty else rows.iloc[0]


def leads(file: str, account_id: str) -> pd.DataFrame:
    """The people of an account with their scores of now, most intent first."""
    return query(
        file,
        f"""
        select leads.lead_id, persona, coalesce(stage_label, current_stage) as stage_label, created_at,
            scores.fit_score, scores.intent_score, grade,
            quadrant_label, learned_probability,
        from marts.dim_leads as leads
        left join (
            select lead_id, fit_score, intent_score, grade, quadrant, learned_probability
            from marts.fct_lead_scores
            where is_in_force
        ) as scores using (lead_id)
        left join (select quadrant, quadrant_label from playbook.score_quadrants) as cases using (quadrant)
        {records.stages_of("lead", "current_stage")}
        where account_id = $account_id
        order by scores.intent_score desc nulls last, leads.lead_id
        """,
        account_id=account_id,
    )


def stays(file: str, account_id: str) -> pd.DataFrame:
    """The stages that people and deals of an account went through."""
    return query(
        file,
        """
        select 'lead' as track, lead_id as record_id, stage, stage_order, entered_at, exited_at
        from marts.fct_lead_stage_visits
        where account_id = $account_id
        union all
        select 'opportunity', opportunity_id, stage, stage_order, entered_at, exited_at
        from marts.fct_opportunity_stage_visits
        where account_id = $account_id
        order by track, entered_at, record_id
        """,
        account_id=account_id,
    )


def touches(file: str, account_id: str, limit: int) -> pd.DataFrame:
    """The touches of an account, the latest first."""
    return query(
        file,
        """
        select touch_id, lead_id, occurred_at, activity_type,
            coalesce(activity_label, activity_type) as activity_label,
            coalesce(is_web and not is_form, false) as is_visit, channel,
            coalesce(channel_label, channel) as channel_label,
            campaign_id, campaign_name, landing_page, count(*) over () as all_count,
        from marts.fct_touches
        left join playbook.activity_types using (activity_type)
        left join (select channel, channel_label from marts.dim_channels) as channels using (channel)
        left join (select campaign_id, campaign_name from marts.dim_campaigns) as campaigns using (campaign_id)
        where account_id = $account_id
        order by occurred_at desc, touch_id
        limit $limit
        """,
        account_id=account_id,
        limit=limit,
    )


def deals(file: str, account_id: str) -> pd.DataFrame:
    """The deals of an account."""
    return query(
        file,
        f"""
        select opportunity_id, opportunity_type, coalesce(stage_label, stage) as stage_label, created_at, closed_at,
            is_won, is_closed, pipeline_amount,
            won_amount, current_amount, win_probability, lost_reason,
        from marts.fct_opportunities
        {records.stages_of("opportunity", "stage")}
        where account_id = $account_id
        order by created_at desc nulls last, opportunity_id
        """,
        account_id=account_id,
    )


def points(file: str, lead_id: str) -> pd.DataFrame:
    """What gives and takes the points of a lead today, rule by rule: they add up to its scores."""
    return query(
        file,
        """
        select contributions.dimension, contributions.rule_group, contributions.rule_id,
            any_value(rationale) as rationale,
            sum(points_now) as points, count(*) as signal_count, max(occurred_at) as last_occurred_at,
        from marts.fct_lead_score_contributions as contributions
        inner join (select lead_id, score_version from marts.fct_lead_scores where is_in_force) as scores
            on contributions.lead_id = scores.lead_id and contributions.score_version = scores.score_version
        left join playbook.scoring_rules as rules
            on contributions.rule_id = rules.rule_id and contributions.score_version = rules.score_version
        where contributions.lead_id = $lead_id
        group by all
        having sum(points_now) != 0
        order by contributions.dimension, points desc, contributions.rule_id
        """,
        lead_id=lead_id,
    )
