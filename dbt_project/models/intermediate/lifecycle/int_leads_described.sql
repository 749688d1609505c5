with leads as (

    select * from {{ ref('leads') }}
    where not is_deleted

),

accounts as (

    select account_id, segment
    from {{ ref('accounts') }}
    where not is_deleted

),

origins as (

    select * from {{ ref('int_leads_originated') }}

),

described as (

    select
        leads.lead_id,
        leads.account_id,
        leads.owner_id,
        leads.persona,
        accounts.segment,
        leads.product_interest as product,
        leads.country,
        leads.lead_source,
        origins.channel,
        origins.campaign_id,
        origins.origin_rule,
        origins.first_touch_at,
        leads.created_at,
        leads.created_at_precision,
        {{ local_date('leads.created_at', 'leads.created_at_precision') }} as created_date
    from leads
    inner join origins on leads.lead_id = origins.lead_id
    left join accounts on leads.account_id = accounts.account_id

)

select * from described
