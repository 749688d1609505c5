with touch_activities as (

    select * from {{ ref('int_touch_activities') }}

),

activities as (

    select * from {{ ref('int_activities_classified') }}

),

leads as (

    select lead_id, account_id
    from {{ ref('leads') }}
    where not is_deleted

),

sources as (

    select * from {{ ref('int_touch_sources') }}

),

-- What the first activity says is true of the whole touch; a campaign may be named by a later one alone.
touches as (

    select
        touch_activities.touch_id,
        min(touch_activities.source_priority) as source_priority,
        count(*) as activity_count,
        min(activities.occurred_at) as occurred_at,
        max(case when touch_activities.position_in_touch = 1 then activities.lead_id end) as lead_id,
        max(case when touch_activities.position_in_touch = 1 then activities.account_id end) as account_id,
        max(case when touch_activities.position_in_touch = 1 then activities.visitor_id end) as visitor_id,
        max(case when touch_activities.position_in_touch = 1 then activities.activity_type end) as activity_type,
        max(case when touch_activities.position_in_touch = 1 then activities.occurred_at_precision end)
            as occurred_at_precision,
        max(case when touch_activities.position_in_touch = 1 then activities.channel end) as channel,
        max(case when touch_activities.position_in_touch = 1 then activities.page end) as page,
        min_by(
            activities.campaign_id,
            case when activities.campaign_id is not null then touch_activities.position_in_touch end
        ) as campaign_id
    from touch_activities
    inner join activities on touch_activities.activity_id = activities.activity_id
    group by touch_activities.touch_id

),

ordered as (

    select
        touches.touch_id,
        row_number() over (order by touches.occurred_at, touches.source_priority, touches.touch_id) as touch_order,
        touches.lead_id,
        coalesce(touches.account_id, leads.account_id) as account_id,
        touches.visitor_id,
        touches.activity_type,
        touches.activity_count,
        touches.occurred_at,
        touches.occurred_at_precision,
        {{ local_date('touches.occurred_at', 'touches.occurred_at_precision') }} as occurred_date,
        touches.channel,
        touches.campaign_id,
        sources.touch_source,
        touches.page as landing_page
    from touches
    left join sources
        on
            touches.channel is not distinct from sources.channel
            and touches.campaign_id is not distinct from sources.campaign_id
    left join leads on touches.lead_id = leads.lead_id

)

select * from ordered
