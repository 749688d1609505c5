with conversions as (

    select * from {{ ref('fct_conversions') }}

),

sources as (

    select touch_source, is_direct from {{ ref('int_touch_sources') }}

),

-- The widest of a conversion's windows holds the touches of all.
widest_journeys as (

    select
        conversion_order,
        min(begins_after) as begins_after,
        min(stands_at) as stands_at,
        min(touched_until) as touched_until,
        max(scope_rank) as scope_rank
    from {{ ref('int_conversion_journeys') }}
    group by conversion_order

),

opportunity_contacts as (

    select opportunity_id, lead_id
    from {{ ref('opportunity_contacts') }}
    where not is_deleted

),

people_named as (

    select conversion_order, lead_id, 1 as scope_rank
    from conversions
    where lead_id is not null
    union all
    select conversions.conversion_order, opportunity_contacts.lead_id, 2 as scope_rank
    from conversions
    inner join opportunity_contacts on conversions.opportunity_id = opportunity_contacts.opportunity_id

),

people as (

    select conversion_order, lead_id, min(scope_rank) as scope_rank
    from people_named
    group by conversion_order, lead_id

),

-- The touches are read where they are joined, twice: named above, all of them would be kept in memory for it.
touches_of_people as (

    select
        people.conversion_order,
        touches.touch_order,
        touches.occurred_at,
        touches.occurred_date,
        touches.touch_source,
        widest_journeys.stands_at,
        people.scope_rank
    from people
    inner join widest_journeys
        on
            people.conversion_order = widest_journeys.conversion_order
            and people.scope_rank <= widest_journeys.scope_rank
    inner join {{ ref('int_touches') }} as touches
        on
            people.lead_id = touches.lead_id
            and widest_journeys.begins_after < touches.occurred_at
            and widest_journeys.touched_until >= touches.occurred_at

),

touches_of_companies as (

    select
        conversions.conversion_order,
        touches.touch_order,
        touches.occurred_at,
        touches.occurred_date,
        touches.touch_source,
        widest_journeys.stands_at,
        3 as scope_rank
    from conversions
    inner join widest_journeys
        on conversions.conversion_order = widest_journeys.conversion_order and widest_journeys.scope_rank = 3
    inner join {{ ref('int_touches') }} as touches
        on
            conversions.account_id = touches.account_id
            and widest_journeys.begins_after < touches.occurred_at
            and widest_journeys.touched_until >= touches.occurred_at
    -- What the deal's own people did is there already, as theirs.
    left join people
        on conversions.conversion_order = people.conversion_order and touches.lead_id = people.lead_id
    where people.conversion_order is null

),

touches_of_conversions as (

    select * from touches_of_people
    union all
    select * from touches_of_companies

),

aged as (

    select
        touches_of_conversions.conversion_order,
        touches_of_conversions.touch_order,
        touches_of_conversions.occurred_at,
        touches_of_conversions.occurred_date as touched_date,
        greatest({{ days_between('touches_of_conversions.occurred_at', 'touches_of_conversions.stands_at') }}, 0.0)
            as age_days,
        touches_of_conversions.touch_source,
        touches_of_conversions.scope_rank,
        sources.is_direct
    from touches_of_conversions
    inner join sources on touches_of_conversions.touch_source = sources.touch_source

)

select * from aged
