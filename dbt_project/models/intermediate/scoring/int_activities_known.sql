with activities as (

    select * from {{ ref('int_activities_classified') }}
    where lead_id is not null

),

leads as (

    select lead_id, created_at from {{ ref('int_leads_described') }}

),

-- What a source's first load brings is its history, and was known when it happened.
first_loads as (

    select source, min(loaded_at) as loaded_at
    from {{ ref('activities') }}
    group by source

),

known as (

    select
        activities.activity_id,
        activities.lead_id,
        activities.activity_type,
        activities.actor,
        activities.outcome,
        activities.channel,
        activities.content_id,
        activities.page,
        activities.is_touch,
        activities.occurred_at,
        {{ local_date('activities.occurred_at', 'activities.occurred_at_precision') }} as occurred_date,
        greatest(
            activities.occurred_at,
            leads.created_at,
            coalesce(activities.recognised_at, activities.occurred_at),
            case
                when activities.loaded_at > first_loads.loaded_at then activities.loaded_at else activities.occurred_at
            end
        ) as known_at,
        case when activities.occurred_at_precision = 'day' then activities.occurred_at end as known_day_at
    from activities
    inner join leads on activities.lead_id = leads.lead_id
    inner join first_loads on activities.source = first_loads.source

),

dated as (

    select
        activity_id,
        lead_id,
        activity_type,
        actor,
        outcome,
        channel,
        content_id,
        page,
        is_touch,
        occurred_at,
        occurred_date,
        known_at,
        coalesce(known_at = known_day_at, false) as is_known_by_day,
        -- A day's own zone is the local one already.
        case
            when known_at = known_day_at then occurred_date
            else {{ local_date('known_at') }}
        end as known_date
    from known

)

select * from dated
