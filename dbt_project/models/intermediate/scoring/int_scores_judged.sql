with snapshots as (

    select * from {{ ref('int_score_snapshots') }}
    where not is_today

),

rule_scores as (

    select * from {{ ref('int_rule_scores') }}

),

learned_scores as (

    select * from {{ ref('int_learned_scores') }}

),

scores as (

    select
        'rules ' || cast(score_version as string) as score_version,
        'opportunity' as outcome,
        lead_id,
        scored_date,
        fit_score + intent_score as score,
        cast(null as double) as probability,
        cast(null as string) as split
    from rule_scores
    union all
    select
        'learned ' || outcome as score_version,
        outcome,
        lead_id,
        scored_date,
        probability as score,
        probability,
        split
    from learned_scores

),

judged as (

    select
        scores.score_version,
        snapshots.lead_id,
        snapshots.account_id,
        snapshots.scored_date,
        snapshots.month_start_date,
        scores.score,
        scores.probability,
        case scores.outcome when 'won' then snapshots.is_won else snapshots.is_opportunity end as is_reached,
        scores.split
    from snapshots
    inner join scores
        on
            snapshots.lead_id = scores.lead_id
            and snapshots.scored_date = scores.scored_date

)

select * from judged
