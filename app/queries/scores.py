"""Whether the scores work, and whom to call."""

import pandas as pd

from app.data import HOLDS_FILTERS, Selection, narrowing, query
from app.queries import records

# The fifths of what a score can show: 0–20 is 0, 80 and above 4.
FIT_STEP, INTENT_STEP = (f"least(floor(greatest({score}, 0) / 20), 4)" for score in ("fit_score", "intent_score"))


def metrics(file: str) -> pd.DataFrame:
    """How good each version of the score has been on what it could not know, by measure."""
    return query(
        file,
        """
        select score_version, metric, value, lead_count, reached_count
        from marts.fct_score_metrics
        where period_type = 'out_of_time'
        order by score_version, metric
        """,
    )


def deciles(file: str) -> pd.DataFrame:
    """Per version and tenth of the scores, 1 the best: how many became opportunities, over all months that are over."""
    return query(
        file,
        """
        select score_version, 11 - decile as decile, sum(lead_count) as lead_count, sum(reached_count) as reached_count,
            sum(reached_count) / nullif(sum(lead_count), 0) as reached_rate,
            sum(mean_probability * lead_count) / nullif(sum(lead_count), 0) as mean_probability,
        from marts.fct_score_deciles
        where not is_partial_period
        group by score_version, decile
        order by score_version, 2
        """,
    )


def fit_by_intent(file: str, selection: Selection) -> pd.DataFrame:
    """Leads of now by fifths of fit and of intent (0–20 and so on), and how many of them have an opportunity."""
    return query(
        file,
        f"""
        with scored as (
            select lead_id, {FIT_STEP} as fit_step, {INTENT_STEP} as intent_step
            from marts.fct_lead_scores
            where is_in_force and {HOLDS_FILTERS}
        )

        select fit_step::int as fit_step, intent_step::int as intent_step, count(*) as lead_count,
            count(*) filter (has_opportunity) as reached_count,
        from scored
        inner join (select lead_id, has_opportunity from marts.dim_leads) as leads using (lead_id)
        group by all
        order by all
        """,
        **narrowing(selection),
    )


def cell_behind(file: str, selection: Selection, fit_step: int, intent_step: int, limit: int) -> pd.DataFrame:
    """The leads of a fifth of fit and a fifth of intent."""
    return records.leads(
        file,
        f"""
        leads.lead_id in (
            select lead_id from marts.fct_lead_scores
            where is_in_force and {HOLDS_FILTERS} and {FIT_STEP} = $fit_step and {INTENT_STEP} = $intent_step
        )
        """,
        limit,
        fit_step=fit_step,
        intent_step=intent_step,
        **narrowing(selection),
    )


def quadrants(file: str, selection: Selection) -> pd.DataFrame:
    """The four cases of fit and intent: how many leads each has, and what to do with them."""
    return query(
        file,
        f"""
        with counted as (
            select quadrant, count(*) as lead_count
            from marts.fct_lead_scores
            where is_in_force and {HOLDS_FILTERS}
            group by quadrant
        )

        select quadrant, quadrant_label, is_good_fit, is_high_intent, recommended_action,
            coalesce(lead_count, 0) as lead_count,
        from playbook.score_quadrants
        left join counted using (quadrant)
        order by is_good_fit desc, is_high_intent desc
        """,
        **narrowing(selection),
    )


def hot_leads(file: str, selection: Selection, limit: int) -> pd.DataFrame:
    """The leads that fit and want to talk, without a name: most intent first."""
    return query(
        file,
        f"""
        select scores.lead_id, scores.account_id, account_name, grade, fit_score, intent_score, learned_probability,
            coalesce(stage_label, current_stage) as stage_label, scores.segment, scores.channel,
            count(*) over () as all_count,
        from marts.fct_lead_scores as scores
        inner join (
            select lead_id, current_stage from marts.dim_leads where is_net_new and not is_internal
        ) as leads using (lead_id)
        left join (select account_id, account_name from marts.dim_accounts) as accounts using (account_id)
        {records.stages_of("lead", "current_stage")}
        where is_in_force and is_good_fit and is_high_intent and {HOLDS_FILTERS}
        order by intent_score desc, fit_score desc, lead_id
        limit $limit
        """,
        limit=limit,
        **narrowing(selection),
    )


def proposals(file: str) -> pd.DataFrame:
    """What the outcomes of the past propose for the points of each rule."""
    return query(
        file,
        """
        select rule_id, points, proposed_points, lead_count, reached_count, refusal
        from marts.fct_score_proposals
        where score_version = (select max(score_version) from marts.fct_score_proposals)
        order by abs(coalesce(proposed_points, points) - points) desc, rule_id
        """,
    )


def alarms(file: str) -> pd.DataFrame:
    """What is odd about the scores lately."""
    return query(
        file,
        """
        select description, recommended_action, severity, subject, value, limit_value
        from marts.fct_score_alarms
        order by severity = 'warn' desc, alarm, subject
        """,
    )
