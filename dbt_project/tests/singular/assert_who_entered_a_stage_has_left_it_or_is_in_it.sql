-- Fails if a stage's arrivals are not its departures plus those who are in it, or not first stays plus moves into it.
{{ config(meta={'dagster': {'ref': {'name': 'int_stage_visits'}}}) }}

with visits as (

    select * from {{ ref('int_stage_visits') }}

),

moves_in as (

    select track, exited_to_stage as stage, count(*) as moved_in_count
    from visits
    where exited_to_stage is not null
    group by track, exited_to_stage

),

counted as (

    select
        track,
        stage,
        count(*) as entered_count,
        sum(case when position_on_track = 1 then 1 else 0 end) as first_count,
        sum(case when direction is not null then 1 else 0 end) as exited_count,
        sum(case when is_current then 1 else 0 end) as current_count
    from visits
    group by track, stage

),

compared as (

    select
        counted.*,
        coalesce(moves_in.moved_in_count, 0) as moved_in_count
    from counted
    left join moves_in on counted.track = moves_in.track and counted.stage = moves_in.stage

)

select * from compared
where
    entered_count != exited_count + current_count
    or entered_count != first_count + moved_in_count
