with snapshots as (

    select * from {{ ref('int_score_snapshots') }}
    where not is_today and is_opportunity is not null

),

events as (

    select * from {{ ref('int_score_events') }}
    where counted_points != 0 and score_version = {{ setting('score_version', 'int') }}

),

fit_points as (

    select * from {{ ref('int_fit_points') }}
    where score_version = {{ setting('score_version', 'int') }}

),

fired as (

    select
        snapshots.lead_id,
        snapshots.scored_date,
        events.rule_id,
        {{ score_sum(
            "events.counted_points / events.points * " ~ share_left(
                'events.half_life_days', days_from('events.occurred_date', 'snapshots.scored_date')
            )
        ) }} as units
    from snapshots
    inner join events
        on
            snapshots.lead_id = events.lead_id
            and snapshots.scored_until > events.known_at
            and (
                events.valid_days is null
                or {{ add_days('events.occurred_date', 'events.valid_days') }} > snapshots.scored_date
            )
    group by snapshots.lead_id, snapshots.scored_date, events.rule_id

),

held as (

    select distinct
        snapshots.lead_id,
        snapshots.scored_date,
        fit_points.rule_id,
        cast(1 as double) as units
    from snapshots
    inner join fit_points
        on
            snapshots.lead_id = fit_points.lead_id
            and snapshots.scored_date >= fit_points.valid_from
            and snapshots.scored_date < fit_points.valid_to

),

units as (

    select * from fired
    union all
    select * from held

)

select * from units
