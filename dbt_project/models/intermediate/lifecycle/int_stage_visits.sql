with stages as (

    select * from {{ ref('lifecycle_stages') }}

),

events as (

    select
        events.*,
        stages.stage_order,
        stages.stage_role,
        {{ stage_tie_order('stages') }} as tie_order
    from {{ ref('int_stage_events') }} as events
    inner join stages on events.track = stages.track and events.stage = stages.stage

),

events_with_previous as (

    select
        *,
        lag(stage) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as previous_stage,
        lag(entered_at) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as previous_entered_at
    from events

),

-- The same stage again within a minute is the same stay, said twice.
arrivals as (

    select
        track,
        entity_id,
        stage,
        stage_order,
        stage_role,
        tie_order,
        event_order,
        reason,
        entered_at,
        entered_at_precision,
        is_inferred,
        is_left_truncated
    from events_with_previous
    where
        previous_stage is null
        or previous_stage != stage
        or entered_at > {{ add_minutes('previous_entered_at', setting('stage_repeat_minutes', 'int')) }}

),

visits as (

    select
        track,
        entity_id,
        stage,
        stage_order,
        stage_role,
        reason,
        entered_at,
        entered_at_precision,
        is_inferred,
        is_left_truncated,
        row_number() over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as position_on_track,
        row_number() over (
            partition by track, entity_id, stage order by entered_at nulls first, event_order, tie_order
        ) as visit_number,
        lag(stage) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as entered_from_stage,
        coalesce(max(stage_order) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
            rows between unbounded preceding and 1 preceding
        ), 0) as furthest_stage_order_before,
        lead(entered_at) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as exited_at,
        lead(stage) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as exited_to_stage,
        lead(stage_order) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as next_stage_order,
        lead(stage_role) over (
            partition by track, entity_id order by entered_at nulls first, event_order, tie_order, stage
        ) as next_stage_role
    from arrivals

),

stages_on_the_way as (

    select track, stage_order
    from stages
    where stage_order > 0
    group by track, stage_order

),

-- A stage is passed over when a record comes to a later one without ever having been as far.
passed_over as (

    select
        visits.track,
        visits.entity_id,
        visits.position_on_track,
        count(*) as stage_count
    from visits
    inner join stages_on_the_way
        on
            visits.track = stages_on_the_way.track
            and stages_on_the_way.stage_order > visits.furthest_stage_order_before
            and stages_on_the_way.stage_order < visits.stage_order
    group by visits.track, visits.entity_id, visits.position_on_track

),

directed as (

    select
        visits.track,
        visits.entity_id,
        visits.stage,
        visits.stage_order,
        visits.stage_role,
        visits.position_on_track,
        visits.visit_number,
        visits.entered_from_stage,
        coalesce(passed_over.stage_count, 0) as skipped_stage_count,
        visits.entered_at,
        visits.entered_at_precision,
        visits.exited_at,
        visits.exited_to_stage,
        case
            when visits.exited_to_stage is null then null
            when visits.next_stage_role = 'recycled' then 'recycled'
            when visits.next_stage_role in ('disqualified', 'lost') then 'out'
            when visits.next_stage_order > visits.stage_order then 'forward'
            else 'backward'
        end as direction,
        visits.exited_to_stage is null as is_current,
        visits.is_inferred,
        visits.is_left_truncated,
        visits.reason,
        case
            when visits.exited_to_stage is not null then {{ days_between('visits.entered_at', 'visits.exited_at') }}
        end as duration_days,
        case when visits.exited_to_stage is null then {{ days_between('visits.entered_at', as_of()) }} end as age_days
    from visits
    left join passed_over
        on
            visits.track = passed_over.track
            and visits.entity_id = passed_over.entity_id
            and visits.position_on_track = passed_over.position_on_track

)

select * from directed
