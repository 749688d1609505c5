with milestones as (

    select * from {{ ref('int_conversion_milestones') }}

),

touches as (

    select * from {{ ref('int_conversion_touches') }}

),

-- From the journey's beginning to the conversion itself, and to each milestone that lies in it. The grace of a
-- milestone does not reach beyond the end of the conversion's day.
ends as (

    select
        journey_order, conversion_order, begins_after, scope_rank, 'conversion' as ends_at, touched_until
    from {{ ref('int_conversion_journeys') }}
    union all
    select
        journeys.journey_order, journeys.conversion_order, journeys.begins_after, journeys.scope_rank,
        milestones.position as ends_at, least(milestones.touched_until, journeys.touched_until) as touched_until
    from {{ ref('int_conversion_journeys') }} as journeys
    inner join milestones
        on
            journeys.conversion_order = milestones.conversion_order
            and journeys.begins_after < milestones.stands_at
            and journeys.stands_at >= milestones.stands_at

),

counted as (

    select
        ends.journey_order,
        ends.ends_at,
        ends.touched_until,
        count(touches.touch_order) as touch_count,
        min(touches.touch_order) as first_touch_order,
        max(touches.touch_order) as last_touch_order,
        count(case when not touches.is_direct then touches.touch_order end) as non_direct_count,
        min(case when not touches.is_direct then touches.touch_order end) as first_non_direct_order,
        max(case when not touches.is_direct then touches.touch_order end) as last_non_direct_order
    from ends
    left join touches
        on
            ends.conversion_order = touches.conversion_order
            and ends.begins_after < touches.occurred_at
            and ends.touched_until >= touches.occurred_at
            and ends.scope_rank >= touches.scope_rank
    group by ends.journey_order, ends.ends_at, ends.touched_until

),

ranked as (

    select
        journey_order,
        ends_at,
        dense_rank() over (partition by journey_order order by touched_until) as span_rank,
        touch_count,
        first_touch_order,
        last_touch_order,
        non_direct_count,
        first_non_direct_order,
        last_non_direct_order
    from counted

)

select * from ranked
