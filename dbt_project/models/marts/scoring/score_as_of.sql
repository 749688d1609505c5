{{ config(
    materialized='table_macro',
    parameters={'day': 'cast(null as date)', 'in_version': 'cast(null as int)'},
) }}
with build as (

    select * from {{ ref('dim_build') }}

),

changes as (

    select * from {{ ref('fct_lead_score_changes') }}

),

held as (

    select
        changes.lead_id,
        changes.score_version,
        changes.dimension,
        changes.score
        * coalesce(
            pow(2.0, -(coalesce(day, build.as_of_date) - changes.changed_date) / changes.half_life_days), 1.0
        ) as score
    from changes
    cross join build
    where
        changes.score_version = coalesce(in_version, build.score_version)
        and changes.changed_date <= coalesce(day, build.as_of_date)
        and (changes.next_changed_date is null or changes.next_changed_date > coalesce(day, build.as_of_date))

),

scores as (

    select
        lead_id,
        {{ score_sum("case when dimension = 'fit' then score else 0.0 end") }} as fit_score,
        {{ score_sum("case when dimension = 'intent' then score else 0.0 end") }} as intent_score
    from held
    group by lead_id

)

select
    lead_id,
    fit_score,
    intent_score,
    least(greatest(fit_score + intent_score, 0.0), 100.0) as total_score
from scores
