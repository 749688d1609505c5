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
        changes.next_changed_date,
        changes.score,
        -- What does not fade has an infinite half-life.
        coalesce(changes.half_life_days, cast('infinity' as double)) as half_life_days,
        greatest(changes.changed_date, period.first_date) as first_date,
        period.last_date
    from {{ ref('fct_lead_score_changes') }} as changes
    inner join period on changes.score_version = period.score_version
    where
        changes.changed_date <= period.last_date
        and (changes.next_changed_date is null or changes.next_changed_date > period.first_date)
        and (lead_ids is null or list_contains(lead_ids, changes.lead_id))

),

-- From one change of any group to the next, all that happens is that points fade.
stretches as (

    select
        lead_id,
        first_date,
        coalesce(lead(first_date) over (partition by lead_id order by first_date), last_date + 1)
        - first_date as day_count
    from changes
    group by lead_id, first_date, last_date

),

points_of_stretches as (

    select
        stretches.lead_id,
        stretches.first_date,
        stretches.day_count,
        changes.half_life_days,
        {{ score_sum("case when changes.dimension = 'fit' then changes.score else 0.0 end") }} as fit_score,
        {{ score_sum(
            "case when changes.dimension = 'intent' then changes.score * "
            ~ share_left('changes.half_life_days', '(stretches.first_date - changes.changed_date)') ~ " else 0.0 end"
        ) }} as intent_score
    from stretches
    inner join changes
        on
            stretches.lead_id = changes.lead_id
            and stretches.first_date >= changes.first_date
            and (changes.next_changed_date is null or stretches.first_date < changes.next_changed_date)
    group by stretches.lead_id, stretches.first_date, stretches.day_count, changes.half_life_days

),

stretches_scored as (

    select
        lead_id,
        first_date,
        day_count,
        sum(fit_score) as fit_score,
        list(intent_score order by half_life_days) as intent_scores,
        list(half_life_days order by half_life_days) as half_lives_days
    from points_of_stretches
    group by lead_id, first_date, day_count

)

select
    stretches_scored.lead_id,
    stretches_scored.first_date + cast(ages.age as int) as scored_date,
    stretches_scored.fit_score,
    list_inner_product(
        stretches_scored.intent_scores,
        list_transform(stretches_scored.half_lives_days, lambda half_life_days: pow(2.0, -ages.age / half_life_days))
    ) as intent_score
from stretches_scored,
    unnest(range(cast(stretches_scored.day_count as int))) as ages (age)
