with activities as (

    select
        *,
        -- Anonymous web activity belongs to its visitor until the person is known, and to the person's whole past then.
        coalesce('lead ' || lead_id, 'visitor ' || visitor_id, 'activity ' || activity_id) as person_key
    from {{ ref('int_activities_classified') }}
    where is_touch

),

activity_types as (

    select activity_type, is_web from {{ ref('activity_types') }}

),

channels as (

    select channel, is_direct from {{ ref('channels') }}

),

sources as (

    select source, priority from {{ ref('sources') }}

),

ordered as (

    select
        activities.activity_id,
        activities.person_key,
        activities.occurred_at,
        activities.channel,
        coalesce(activity_types.is_web, false) as is_web,
        not coalesce(channels.is_direct, false) as is_external,
        coalesce(sources.priority, 0) as source_priority
    from activities
    left join activity_types on activities.activity_type = activity_types.activity_type
    left join channels on activities.channel = channels.channel
    left join sources on activities.source = sources.source

),

web_activities as (

    select
        *,
        lag(occurred_at) over (
            partition by person_key order by occurred_at, source_priority, activity_id
        ) as previous_at
    from ordered
    where is_web

),

visits_numbered as (

    select
        *,
        sum(
            case
                when occurred_at <= {{ add_minutes('previous_at', setting('session_idle_minutes', 'int')) }} then 0
                else 1
            end
        ) over (
            partition by person_key order by occurred_at, source_priority, activity_id
            rows between unbounded preceding and current row
        ) as stretch_number
    from web_activities

),

arrivals_marked as (

    select
        *,
        row_number() over (
            partition by person_key, stretch_number order by occurred_at, source_priority, activity_id
        ) as position_in_stretch,
        lag(channel) over (
            partition by person_key, stretch_number, is_external order by occurred_at, source_priority, activity_id
        ) as previous_channel
    from visits_numbered

),

-- A session ends where nobody moves for long enough, or where the person comes anew from somewhere else.
sessions_numbered as (

    select
        *,
        sum(
            case
                when position_in_stretch = 1 then 1
                when is_external and coalesce(previous_channel, '') != channel then 1
                else 0
            end
        ) over (
            partition by person_key order by occurred_at, source_priority, activity_id
            rows between unbounded preceding and current row
        ) as session_number
    from arrivals_marked

),

touched as (

    select
        activity_id,
        source_priority,
        first_value(activity_id) over (
            partition by person_key, session_number order by occurred_at, source_priority, activity_id
        ) as touch_id,
        row_number() over (
            partition by person_key, session_number order by occurred_at, source_priority, activity_id
        ) as position_in_touch
    from sessions_numbered
    union all
    select activity_id, source_priority, activity_id as touch_id, 1 as position_in_touch
    from ordered
    where not is_web

)

select * from touched
