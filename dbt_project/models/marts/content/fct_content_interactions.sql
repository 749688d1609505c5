with activities as (

    select * from {{ ref('int_activities_classified') }}
    where content_id is not null

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

content as (

    select * from {{ ref('dim_content') }}

),

visits as (

    select
        visits.*,
        not stages.is_final as has_way_forward
    from {{ ref('fct_lead_stage_visits') }} as visits
    inner join {{ ref('dim_stages') }} as stages on visits.stage = stages.stage and stages.track = 'lead'

),

-- Who met it before becoming a lead, or where nobody knows when a stay began, stands in no stage.
placed as (

    select
        activities.activity_id,
        activities.lead_id,
        leads.account_id,
        activities.content_id,
        activities.activity_type,
        activities.is_touch,
        activities.occurred_at,
        {{ local_date('activities.occurred_at', 'activities.occurred_at_precision') }} as occurred_date,
        visits.stage,
        visits.stage_order,
        visits.has_way_forward,
        case when visits.direction = 'forward' then visits.exited_at end as forward_at,
        visits.exited_to_stage,
        activities.channel,
        activities.campaign_id,
        coalesce(persona_then.value, leads.persona) as persona,
        coalesce(segment_then.value, leads.segment) as segment,
        leads.product
    from activities
    inner join leads on activities.lead_id = leads.lead_id
    left join visits
        on
            activities.lead_id = visits.lead_id
            and activities.occurred_at >= visits.entered_at
            and (activities.occurred_at < visits.exited_at or visits.exited_at is null)
    {{ join_attribute_at('persona', 'leads', 'activities.lead_id', 'activities.occurred_at') }}
    {{ join_attribute_at('segment', 'accounts', 'leads.account_id', 'activities.occurred_at') }}

),

followed as (

    select
        *,
        coalesce(
            {{ days_between('occurred_at', 'forward_at') }} <= {{ setting('content_effect_days', 'int') }}, false
        ) as is_followed_by_step,
        {{ days_between('occurred_at', as_of()) }} >= {{ setting('content_effect_days', 'int') }} as is_old_enough,
        row_number() over (
            partition by lead_id, content_id, stage, is_touch order by occurred_at, activity_id
        ) as meeting_number,
        {% for name, keys in {
            'previous_date': 'lead_id',
            'previous_in_stage_date': 'lead_id, stage',
            'previous_of_content_date': 'lead_id, content_id',
            'previous_of_content_in_stage_date': 'lead_id, content_id, stage',
        }.items() -%}
        lag(occurred_date) over (
            partition by {{ keys }}, is_touch order by occurred_at, activity_id
        ) as {{ name }},
        {% endfor -%}
        coalesce(min(persona) over (partition by lead_id) = max(persona) over (partition by lead_id), true)
        and count(persona) over (partition by lead_id) in (0, count(*) over (partition by lead_id))
        and coalesce(min(segment) over (partition by lead_id) = max(segment) over (partition by lead_id), true)
        and count(segment) over (partition by lead_id) in (0, count(*) over (partition by lead_id)) as is_described_once
    from placed

),

-- Days of which only the day is known may come before moments of the day before, in another zone.
ordered as (

    select
        *,
        is_described_once
        and min(case when previous_date > occurred_date then 0 else 1 end) over (partition by lead_id) = 1 as is_plain
    from followed

),

described as (

    select
        followed.activity_id,
        followed.lead_id,
        followed.account_id,
        followed.content_id,
        content.content_type,
        content.topic,
        content.funnel_phase,
        followed.activity_type,
        followed.is_touch,
        followed.occurred_at,
        followed.occurred_date,
        {{ month_start('followed.occurred_date') }} as month_start_date,
        followed.stage,
        followed.stage_order,
        followed.meeting_number = 1 as is_first_in_stage,
        case when followed.is_followed_by_step then followed.forward_at end as advanced_at,
        case when followed.is_followed_by_step then followed.exited_to_stage end as advanced_to_stage,
        case when followed.has_way_forward then followed.is_followed_by_step end as is_advanced,
        case when followed.has_way_forward then followed.is_old_enough end as is_mature,
        followed.channel,
        followed.campaign_id,
        followed.persona,
        followed.segment,
        followed.product,
        case when followed.is_touch then followed.previous_date end as previous_date,
        case when followed.is_touch then followed.previous_in_stage_date end as previous_in_stage_date,
        case when followed.is_touch then followed.previous_of_content_date end as previous_of_content_date,
        case when followed.is_touch then followed.previous_of_content_in_stage_date end
            as previous_of_content_in_stage_date,
        followed.is_plain
    from ordered as followed
    left join content on followed.content_id = content.content_id

)

select * from described
