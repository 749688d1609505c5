with visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'opportunity'

),

opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

described as (

    select
        visits.entity_id as opportunity_id,
        opportunities.account_id,
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
        visits.reason,
        opportunities.channel,
        opportunities.campaign_id,
        coalesce(persona_then.value, opportunities.persona) as persona,
        coalesce(segment_then.value, opportunities.segment) as segment,
        opportunities.product
    from visits
    inner join opportunities on visits.entity_id = opportunities.opportunity_id
    {{ join_attribute_at('persona', 'leads', 'opportunities.primary_lead_id', 'visits.entered_at') }}
    {{ join_attribute_at('segment', 'accounts', 'opportunities.account_id', 'visits.entered_at') }}

)

select * from described
