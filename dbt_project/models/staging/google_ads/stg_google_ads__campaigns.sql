with campaigns as (

    {{ latest_versions('raw_google_ads', 'campaigns', ['id']) }}

),

ad_groups as (

    {{ latest_versions('raw_google_ads', 'ad_groups', ['id']) }}

),

customers as (

    {{ latest_versions('raw_google_ads', 'customers', ['id']) }}

),

advertised as (

    select
        'google_ads:' || cast(id as string) as campaign_id,
        customer_id,
        name,
        cast(null as string) as parent_campaign_id,
        start_date_time as start_date,
        end_date_time as end_date,
        _loaded_at,
        _is_deleted
    from campaigns
    union all
    select
        'google_ads:' || cast(campaign_id as string) || '/' || cast(id as string) as campaign_id,
        customer_id,
        name,
        'google_ads:' || cast(campaign_id as string) as parent_campaign_id,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        _loaded_at,
        _is_deleted
    from ad_groups

),

renamed as (

    select
        advertised.campaign_id,
        advertised.name as campaign_name,
        'Google Ads' as platform,
        advertised.parent_campaign_id,
        advertised.parent_campaign_id is not null as is_ad_group,
        advertised.start_date,
        advertised.end_date,
        cast(null as double) as budget_amount_local,
        customers.currency_code as currency,
        'google_ads' as source,
        advertised._loaded_at as loaded_at,
        advertised._is_deleted as is_deleted
    from advertised
    left join customers on advertised.customer_id = customers.id

)

select * from renamed
