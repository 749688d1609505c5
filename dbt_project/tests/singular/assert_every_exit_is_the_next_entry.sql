-- Fails if a visit does not end when and where the next one begins, or ends although none follows.
{{ config(meta={'dagster': {'ref': {'name': 'int_stage_visits'}}}) }}

with visits as (

    select * from {{ ref('int_stage_visits') }}

),

visits_with_next as (

    select
        visits.track,
        visits.entity_id,
        visits.position_on_track,
        visits.exited_at,
        visits.exited_to_stage,
        next_visits.entered_at as next_entered_at,
        next_visits.stage as next_stage
    from visits
    left join visits as next_visits
        on
            visits.track = next_visits.track
            and visits.entity_id = next_visits.entity_id
            and visits.position_on_track + 1 = next_visits.position_on_track

)

select * from visits_with_next
where
    exited_at is distinct from next_entered_at
    or exited_to_stage is distinct from next_stage
