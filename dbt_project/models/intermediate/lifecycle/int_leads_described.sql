with leads as (

    select * from {{ ref('leads') }}
    where not is_deleted

),

accounts as (

    select account_id, segment
    from {{ ref('accounts') }}
    where not is_deleted

),

internal_domains as (

    select domain from {{ ref('internal_domains') }}

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
        {{ local_date('leads.created_at', 'leads.created_at_precision') }} as created_date,
        internal_domains.domain is not null as is_internal,
        -- Merged into a record that never came to us, the person was known before.
        leads.merged_into_lead_id is null and internal_domains.domain is null as is_net_new
    from leads
    inner join origins on leads.lead_id = origins.lead_id
    left join accounts on leads.account_id = accounts.account_id
    left join internal_domains on leads.email_domain = internal_domains.domain

)

select * from described
