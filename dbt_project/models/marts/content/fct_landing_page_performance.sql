with activity_types as (

    select * from {{ ref('activity_types') }}

),

-- What is not of the website may name a page all the same, such as the one on which somebody registered for a webinar.
touches as (

    select
        touches.touch_id,
        touches.month_start_date,
        coalesce(touches.landing_page, '(unknown)') as landing_page,
        touches.lead_id,
        touches.visitor_id,
        coalesce(activity_types.is_web, false) as is_session
    from {{ ref('fct_touches') }} as touches
    left join activity_types on touches.activity_type = activity_types.activity_type
    where activity_types.is_web or touches.landing_page is not null

),

forms_of_touches as (

    select
        touch_activities.touch_id,
        count(*) as form_count
    from {{ ref('int_touch_activities') }} as touch_activities
    inner join {{ ref('int_activities_classified') }} as activities
        on touch_activities.activity_id = activities.activity_id
    inner join activity_types on activities.activity_type = activity_types.activity_type
    where activity_types.is_form
    group by touch_activities.touch_id

),

qualified as (

    select min(stage_order) as stage_order
    from {{ ref('dim_stages') }}
    where stage_role = 'marketing_qualified'

),

leads_of_touches as (

    select
        origins.creation_touch_id as touch_id,
        count(*) as lead_count,
        sum(case when leads.furthest_stage_order >= qualified.stage_order then 1 else 0 end) as qualified_lead_count
    from {{ ref('int_leads_originated') }} as origins
    inner join {{ ref('dim_leads') }} as leads on origins.lead_id = leads.lead_id
    cross join qualified
    where origins.creation_touch_id is not null
    group by origins.creation_touch_id

),

summarised as (

    select
        touches.landing_page,
        touches.month_start_date,
        cast(sum(case when touches.is_session then 1 else 0 end) as bigint) as session_count,
        count(distinct touches.lead_id) as known_visitor_count,
        count(distinct case when touches.lead_id is null then touches.visitor_id end) as unknown_visitor_count,
        cast(sum(coalesce(forms_of_touches.form_count, 0)) as bigint) as form_count,
        cast(sum(coalesce(leads_of_touches.lead_count, 0)) as bigint) as lead_count,
        cast(sum(coalesce(leads_of_touches.qualified_lead_count, 0)) as bigint) as qualified_lead_count
    from touches
    left join forms_of_touches on touches.touch_id = forms_of_touches.touch_id
    left join leads_of_touches on touches.touch_id = leads_of_touches.touch_id
    group by touches.landing_page, touches.month_start_date

)

select * from summarised
