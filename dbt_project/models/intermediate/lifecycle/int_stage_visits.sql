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

    select *
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

directed as (

    select
        track,
        entity_id,
        stage,
        stage_order,
        stage_role,
        position_on_track,
        visit_number,
        entered_at,
        entered_at_precision,
        exited_at,
        exited_to_stage,
        case
            when exited_to_stage is null then null
            when next_stage_role = 'recycled' then 'recycled'
            when next_stage_role in ('disqualified', 'lost') then 'out'
            when next_stage_order > stage_order then 'forward'
            else 'backward'
        end as direction,
        exited_to_stage is null as is_current,
        is_inferred,
        is_left_truncated,
        reason,
        case when exited_to_stage is not null then {{ days_between('entered_at', 'exited_at') }} end as duration_days,
        case when exited_to_stage is null then {{ days_between('entered_at', as_of()) }} end as age_days
    from visits

)

select * from directed
