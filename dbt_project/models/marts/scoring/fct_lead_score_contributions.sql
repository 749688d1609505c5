with events as (

    select * from {{ ref('int_score_events') }}
    where counted_points != 0

),

fit_points as (

    select * from {{ ref('int_fit_points') }}
    where valid_to > {{ local_date(as_of()) }}

),

scoring_groups as (

    select * from {{ ref('scoring_groups') }}

),

activities as (

    select * from {{ ref('int_activities_known') }}

),

earned as (

    select
        events.score_version,
        events.lead_id,
        'intent' as dimension,
        events.rule_group,
        events.rule_id,
        events.activity_id,
        activities.activity_type as signal,
        coalesce(activities.page, activities.content_id) as value,
        events.occurred_at,
        events.known_at,
        {{ days_between('events.occurred_at', 'events.known_at') }} > {{ setting('late_event_days', 'int') }}
            as is_late,
        events.counted_points as points_then,
        events.counted_points * {{ share_left(
            'events.half_life_days', days_from('events.occurred_date', local_date(as_of()))
        ) }} as points_now
    from events
    inner join activities on events.activity_id = activities.activity_id
    where
        events.known_date <= {{ local_date(as_of()) }}
        and (
            events.valid_days is null
            or {{ add_days('events.occurred_date', 'events.valid_days') }} > {{ local_date(as_of()) }}
        )

),

held as (

    select
        score_version,
        lead_id,
        'fit' as dimension,
        rule_group,
        rule_id,
        cast(null as string) as activity_id,
        signal,
        value,
        cast(valid_from as timestamp) as occurred_at,
        cast(valid_from as timestamp) as known_at,
        false as is_late,
        points as points_then,
        points as points_now
    from fit_points

),

held_sums as (

    select score_version, lead_id, rule_group, sum(points_now) as points
    from held
    group by score_version, lead_id, rule_group

),

-- What a group's cap takes off the sum of its attributes.
capped as (

    select
        held_sums.score_version,
        held_sums.lead_id,
        'fit' as dimension,
        held_sums.rule_group,
        '(cap)' as rule_id,
        cast(null as string) as activity_id,
        cast(null as string) as signal,
        cast(null as string) as value,
        cast(null as timestamp) as occurred_at,
        cast(null as timestamp) as known_at,
        false as is_late,
        greatest(least(held_sums.points, scoring_groups.points_cap), -scoring_groups.points_cap)
        - held_sums.points as points_then,
        greatest(least(held_sums.points, scoring_groups.points_cap), -scoring_groups.points_cap)
        - held_sums.points as points_now
    from held_sums
    inner join scoring_groups
        on
            held_sums.score_version = scoring_groups.score_version
            and held_sums.rule_group = scoring_groups.rule_group
    where abs(held_sums.points) > scoring_groups.points_cap

),

contributions as (

    select * from earned
    union all
    select * from held
    union all
    select * from capped

)

select * from contributions
