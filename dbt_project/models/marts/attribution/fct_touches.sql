with touches as (

    select * from {{ ref('int_touches') }}

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

described as (

    select
        touches.touch_id,
        touches.touch_order,
        touches.lead_id,
        touches.account_id,
        touches.visitor_id,
        touches.occurred_at,
        touches.occurred_at_precision,
        touches.occurred_date,
        {{ month_start('touches.occurred_date') }} as month_start_date,
        touches.activity_type,
        touches.activity_count,
        touches.channel,
        touches.campaign_id,
        touches.landing_page,
        coalesce(persona_then.value, leads.persona) as persona,
        coalesce(segment_then.value, leads.segment) as segment,
        leads.product
    from touches
    left join leads on touches.lead_id = leads.lead_id
    {{ join_attribute_at('persona', 'leads', 'touches.lead_id', 'touches.occurred_at') }}
    {{ join_attribute_at('segment', 'accounts', 'touches.account_id', 'touches.occurred_at') }}

)

select * from described
