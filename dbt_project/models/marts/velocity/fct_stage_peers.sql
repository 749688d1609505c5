with stages as (

    select * from {{ ref('dim_stages') }}
    where not is_final

),

visits as (

    {{ stage_visits([
        'stage', 'segment', 'visit_number', 'entered_at', 'duration_days', 'age_days', 'direction', 'is_left_truncated',
    ]) }}

),

stays_known as (

    select
        visits.track,
        visits.stage,
        visits.segment,
        coalesce(visits.duration_days, visits.age_days) as duration_days,
        visits.direction as exit_class
    from visits
    inner join stages on visits.track = stages.track and visits.stage = stages.stage
    where visits.visit_number = 1 and not visits.is_left_truncated and visits.entered_at is not null

),

stays as (

    select track, stage, '(all)' as segment, duration_days, exit_class
    from stays_known
    union all
    select track, stage, segment, duration_days, exit_class
    from stays_known
    where segment is not null

),

{{ kaplan_meier('stays', ['track', 'stage', 'segment']) }},

summarised as (

    select
        track,
        stage,
        segment,
        cast(sum(exited_count + censored_count) as bigint) as stay_count,
        {{ first_duration_below('survival', 0.5) }} as median_days,
        {{ first_duration_below('survival', 0.25) }} as upper_quartile_days
    from curve
    group by track, stage, segment

),

segments as (

    select segment from visits
    where segment is not null
    group by segment
    union all
    select '(all)' as segment

),

-- A segment with few stays is measured by all of them together.
measured as (

    select
        stages.track,
        stages.stage,
        stages.stage_order,
        segments.segment,
        case
            when of_segment.stay_count >= {{ setting('least_group_count', 'bigint') }} then segments.segment
            when of_all.stay_count >= {{ setting('least_group_count', 'bigint') }} then '(all)'
        end as peer_segment,
        of_segment.stay_count,
        of_segment.median_days,
        of_segment.upper_quartile_days,
        of_all.stay_count as all_stay_count,
        of_all.median_days as all_median_days,
        of_all.upper_quartile_days as all_upper_quartile_days,
        stages.stuck_after_days
    from stages
    cross join segments
    left join summarised as of_segment
        on
            stages.track = of_segment.track
            and stages.stage = of_segment.stage
            and segments.segment = of_segment.segment
    left join summarised as of_all
        on stages.track = of_all.track and stages.stage = of_all.stage and of_all.segment = '(all)'

),

compared as (

    select
        track,
        stage,
        stage_order,
        segment,
        peer_segment,
        coalesce(case when peer_segment = segment then stay_count else all_stay_count end, 0) as peer_count,
        case
            when peer_segment = segment then median_days
            when peer_segment is not null then all_median_days
        end as median_days,
        case
            when peer_segment = segment then upper_quartile_days
            when peer_segment is not null then all_upper_quartile_days
        end as upper_quartile_days,
        cast(stuck_after_days as double) as stuck_after_days
    from measured

),

limited as (

    select
        *,
        case
            when upper_quartile_days is null or stuck_after_days <= upper_quartile_days then stuck_after_days
            else upper_quartile_days
        end as limit_days,
        case
            when upper_quartile_days is null and stuck_after_days is null then null
            when upper_quartile_days is null or stuck_after_days <= upper_quartile_days then 'playbook'
            else 'peers'
        end as limit_rule
    from compared

)

select * from limited
