-- Fails if the points that a lead's contributions give today do not sum to its scores.
{{ config(meta={'dagster': {'ref': {'name': 'fct_lead_score_contributions'}}}) }}
with sums as (

    select
        score_version,
        lead_id,
        sum(case when dimension = 'fit' then points_now else 0.0 end) as fit_points,
        sum(case when dimension = 'intent' then points_now else 0.0 end) as intent_points
    from {{ ref('fct_lead_score_contributions') }}
    group by score_version, lead_id

)

select
    scores.score_version,
    scores.lead_id,
    scores.fit_score,
    sums.fit_points,
    scores.intent_score,
    sums.intent_points
from {{ ref('fct_lead_scores') }} as scores
full outer join sums
    on
        scores.score_version = sums.score_version
        and scores.lead_id = sums.lead_id
where
    abs(coalesce(scores.fit_score, 0.0) - coalesce(sums.fit_points, 0.0)) > 1e-9
    or abs(coalesce(scores.intent_score, 0.0) - coalesce(sums.intent_points, 0.0)) > 1e-9
