{{ config(
    materialized='table_macro',
    parameters={
        'from_date': 'cast(null as date)', 'to_date': 'cast(null as date)', 'lead_ids': 'cast(null as varchar[])',
        'in_version': 'cast(null as int)',
    },
) }}
with build as (

    select
        as_of_date as last_date,
        score_version
    from {{ ref('dim_build') }}

),

period as (

    select
        coalesce(in_version, score_version) as score_version,
        coalesce(to_date, last_date) as last_date,
        coalesce(from_date, coalesce(to_date, last_date) - 89) as first_date
    from build

),

changes as (

    select
        changes.lead_id,
        changes.dimension,
        changes.changed_date,
        changes.score,
        changes.half_life_days,
        greatest(changes.changed_date, period.first_date) as first_date,
        least(coalesce(changes.next_changed_date - 1, period.last_date), period.last_date) as last_date
    from {{ ref('fct_lead_score_changes') }} as changes
    inner join period on changes.score_version = period.score_version
    where lead_ids is null or list_contains(lead_ids, changes.lead_id)

),

-- Each change holds, fading, until the next.
days as (

    select
        changes.lead_id,
        cast(spine.moment as date) as scored_date,
        changes.dimension,
        changes.score
        * coalesce(
            pow(2.0, -(cast(spine.moment as date) - changes.changed_date) / changes.half_life_days), 1.0
        ) as score
    from changes,
        generate_series(
            cast(changes.first_date as timestamp), cast(changes.last_date as timestamp), interval 1 day
        ) as spine (moment)
    where changes.first_date <= changes.last_date

)

select
    lead_id,
    scored_date,
    {{ score_sum("case when dimension = 'fit' then score else 0.0 end") }} as fit_score,
    {{ score_sum("case when dimension = 'intent' then score else 0.0 end") }} as intent_score
from days
group by lead_id, scored_date
