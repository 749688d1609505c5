with visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'lead'

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

described as (

    select
        visits.entity_id as lead_id,
        leads.account_id,
        visits.stage,
        visits.stage_order,
        visits.position_on_track,
        visits.visit_number,
        visits.entered_from_stage,
        visits.skipped_stage_count,
        visits.entered_at,
        {{ local_date('visits.entered_at', 'visits.entered_at_precision') }} as entered_date,
        visits.exited_at,
        visits.exited_to_stage,
        visits.direction,
        visits.is_current,
        visits.is_inferred,
        visits.is_left_truncated,
        visits.duration_days,
        visits.age_days,
        case
            when visits.entered_at >= leads.first_touch_at
                then {{ days_between('leads.first_touch_at', 'visits.entered_at') }}
        end as days_since_first_touch,
        {{ days_between('leads.created_at', 'visits.entered_at') }} as days_since_created,
        visits.reason,
        leads.channel,
        leads.campaign_id,
        coalesce(persona_then.value, leads.persona) as persona,
        coalesce(segment_then.value, leads.segment) as segment,
        leads.product
    from visits
    inner join leads on visits.entity_id = leads.lead_id
    {{ join_attribute_at('persona', 'leads', 'visits.entity_id', 'visits.entered_at') }}
    {{ join_attribute_at('segment', 'accounts', 'leads.account_id', 'visits.entered_at') }}

)

select * from described
