with windows as (

    select * from {{ ref('attribution_windows') }}
    where is_headline

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

journeys as (

    select
        journeys.*,
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.amount
    from {{ ref('int_conversion_journeys') }} as journeys
    inner join conversions on journeys.conversion_order = conversions.conversion_order
    inner join windows
        on
            journeys.attribution_window = windows.attribution_window
            and conversions.conversion_type = windows.conversion_type

),

touches_of_conversions as (

    select * from {{ ref('int_conversion_touches') }}

),

sources as (

    select * from {{ ref('int_touch_sources') }}

),

touches as (

    select * from {{ ref('int_touches') }}

),

-- Who converts: of leads it is whoever visits, of later stages the leads, of deals the companies,
-- and people who have none.
touches_of_walkers as (

    select
        windows.conversion_type,
        windows.look_back_days,
        case
            when windows.conversion_type in ('opportunity', 'won')
                then coalesce('account ' || touches.account_id, 'lead ' || touches.lead_id)
            when touches.lead_id is not null then 'lead ' || touches.lead_id
            when windows.conversion_type = 'lead' then 'visitor ' || touches.visitor_id
        end as walker,
        touches.touch_order,
        touches.occurred_at,
        touches.channel
    from touches
    cross join windows

),

walkers_converted as (

    select conversion_type, 'lead ' || lead_id as walker
    from conversions
    where conversion_type in ('lead', 'mql', 'sql')
    union
    select conversion_type, coalesce('account ' || account_id, 'lead ' || lead_id) as walker
    from conversions
    where conversion_type in ('opportunity', 'won')

),

-- A journey has failed once nobody has moved for as long as touches count; until then it may still convert.
walkers_failed as (

    select
        touches_of_walkers.conversion_type,
        touches_of_walkers.walker,
        touches_of_walkers.look_back_days,
        max(touches_of_walkers.occurred_at) as last_touch_at
    from touches_of_walkers
    left join walkers_converted
        on
            touches_of_walkers.conversion_type = walkers_converted.conversion_type
            and touches_of_walkers.walker = walkers_converted.walker
    where touches_of_walkers.walker is not null and walkers_converted.walker is null
    group by touches_of_walkers.conversion_type, touches_of_walkers.walker, touches_of_walkers.look_back_days
    having max(touches_of_walkers.occurred_at) < {{ days_before(as_of(), 'touches_of_walkers.look_back_days') }}

),

steps as (

    select
        journeys.conversion_type,
        journeys.conversion_id as journey_id,
        true as is_converted,
        journeys.amount,
        touches_of_conversions.touch_order,
        sources.channel
    from journeys
    inner join touches_of_conversions
        on
            journeys.conversion_order = touches_of_conversions.conversion_order
            and journeys.begins_after < touches_of_conversions.occurred_at
            and journeys.scope_rank >= touches_of_conversions.scope_rank
    inner join sources on touches_of_conversions.touch_source = sources.touch_source
    union all
    select
        walkers_failed.conversion_type,
        walkers_failed.walker as journey_id,
        false as is_converted,
        cast(null as double) as amount,
        touches_of_walkers.touch_order,
        touches_of_walkers.channel
    from walkers_failed
    inner join touches_of_walkers
        on
            walkers_failed.conversion_type = touches_of_walkers.conversion_type
            and walkers_failed.walker = touches_of_walkers.walker
            and touches_of_walkers.occurred_at
            > {{ days_before('walkers_failed.last_touch_at', 'walkers_failed.look_back_days') }}

),

steps_with_previous as (

    select
        *,
        lag(channel) over (
            partition by conversion_type, journey_id, is_converted order by touch_order
        ) as previous_channel
    from steps

),

-- The same channel again changes neither model, and without it there are fewer paths.
paths as (

    select
        conversion_type,
        journey_id,
        is_converted,
        max(amount) as amount,
        {{ joined_in_order('channel', ' > ', 'touch_order') }} as path
    from steps_with_previous
    where previous_channel is null or previous_channel != channel
    group by conversion_type, journey_id, is_converted

),

counted as (

    select
        conversion_type,
        path,
        count(*) as journey_count,
        cast(sum(case when is_converted then 1 else 0 end) as bigint) as converted_count,
        {{ exact_sum('amount') }} as amount
    from paths
    group by conversion_type, path

)

select * from counted
