with journeys as (

    select * from {{ ref('int_conversion_journeys') }}

),

milestones as (

    select * from {{ ref('int_conversion_milestones') }}

),

touches as (

    select * from {{ ref('fct_conversion_touches') }}

),

-- From the journey's beginning to each milestone that lies in it, and to the conversion itself.
spans as (

    select
        attribution_window, conversion_id, 'conversion' as ends_at, begins_after, touched_until, scope_rank
    from journeys
    union all
    select
        journeys.attribution_window, journeys.conversion_id, milestones.position as ends_at, journeys.begins_after,
        milestones.touched_until, journeys.scope_rank
    from journeys
    inner join milestones
        on
            journeys.conversion_id = milestones.conversion_id
            and journeys.begins_after < milestones.stands_at
            and journeys.touched_until >= milestones.touched_until

),

counted as (

    select
        spans.attribution_window,
        spans.conversion_id,
        spans.ends_at,
        spans.begins_after,
        spans.touched_until,
        spans.scope_rank,
        count(touches.touch_id) as touch_count,
        min(touches.touch_order) as first_touch_order,
        max(touches.touch_order) as last_touch_order,
        coalesce(sum(case when not touches.is_direct then 1 else 0 end), 0) as non_direct_count,
        min(case when not touches.is_direct then touches.touch_order end) as first_non_direct_order,
        max(case when not touches.is_direct then touches.touch_order end) as last_non_direct_order
    from spans
    left join touches
        on
            spans.conversion_id = touches.conversion_id
            and spans.begins_after < touches.occurred_at
            and spans.touched_until >= touches.occurred_at
            and spans.scope_rank >= touches.scope_rank
    group by
        spans.attribution_window, spans.conversion_id, spans.ends_at, spans.begins_after, spans.touched_until,
        spans.scope_rank

)

select * from counted
