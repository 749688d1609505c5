-- Fails if a lead or opportunity with any visit stands in no stage, or in two at once.
{{ config(meta={'dagster': {'ref': {'name': 'int_stage_visits'}}}) }}

with current_visits_counted as (

    select
        track,
        entity_id,
        sum(case when is_current then 1 else 0 end) as current_count
    from {{ ref('int_stage_visits') }}
    group by track, entity_id

)

select * from current_visits_counted
where current_count != 1
