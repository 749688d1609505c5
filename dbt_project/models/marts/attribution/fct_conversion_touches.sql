with conversions as (

    select * from {{ ref('fct_conversions') }}

),

touches as (

    select * from {{ ref('int_touches') }}

),

channels as (

    select channel, is_direct from {{ ref('channels') }}

),

-- The widest of a conversion's windows holds the touches of all.
widest_journeys as (

    select
        conversion_id,
        min(begins_after) as begins_after,
        min(stands_at) as stands_at,
        min(touched_until) as touched_until,
        max(scope_rank) as scope_rank
    from {{ ref('int_conversion_journeys') }}
    group by conversion_id

),

opportunity_contacts as (

    select opportunity_id, lead_id
    from {{ ref('opportunity_contacts') }}
    where not is_deleted

),

people as (

    select conversion_id, lead_id, 1 as scope_rank
    from conversions
    where lead_id is not null
    union all
    select conversions.conversion_id, opportunity_contacts.lead_id, 2 as scope_rank
    from conversions
    inner join opportunity_contacts on conversions.opportunity_id = opportunity_contacts.opportunity_id

),

touches_of_conversions as (

    select people.conversion_id, touches.touch_id, people.scope_rank
    from people
    inner join widest_journeys on people.conversion_id = widest_journeys.conversion_id
    inner join touches
        on
            people.lead_id = touches.lead_id
            and widest_journeys.begins_after < touches.occurred_at
            and widest_journeys.touched_until >= touches.occurred_at
    union all
    select conversions.conversion_id, touches.touch_id, 3 as scope_rank
    from conversions
    inner join widest_journeys
        on conversions.conversion_id = widest_journeys.conversion_id and widest_journeys.scope_rank = 3
    inner join touches
        on
            conversions.account_id = touches.account_id
            and widest_journeys.begins_after < touches.occurred_at
            and widest_journeys.touched_until >= touches.occurred_at

),

nearest as (

    select conversion_id, touch_id, min(scope_rank) as scope_rank
    from touches_of_conversions
    group by conversion_id, touch_id

),

aged as (

    select
        nearest.conversion_id,
        nearest.touch_id,
        touches.touch_order,
        touches.occurred_at,
        greatest({{ days_between('touches.occurred_at', 'widest_journeys.stands_at') }}, 0.0) as age_days,
        nearest.scope_rank,
        coalesce(channels.is_direct, false) as is_direct
    from nearest
    inner join widest_journeys on nearest.conversion_id = widest_journeys.conversion_id
    inner join touches on nearest.touch_id = touches.touch_id
    left join channels on touches.channel = channels.channel

)

select * from aged
