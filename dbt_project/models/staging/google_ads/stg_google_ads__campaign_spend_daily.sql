with customers as (

    {{ latest_versions('raw_google_ads', 'customers', ['id']) }}

),

campaign_versions as (

    {{ latest_versions('raw_google_ads', 'campaign_performance', ['customer_id', 'date', 'campaign_id']) }}

),

group_versions as (

    {{ latest_versions('raw_google_ads', 'ad_group_performance', ['customer_id', 'date', 'ad_group_id']) }}

),

campaigns as (

    select
        campaign_versions.*,
        cast(campaign_versions.campaign_id as string) as campaign_number,
        customers.currency_code as currency
    from campaign_versions
    left join customers on campaign_versions.customer_id = customers.id

),

groups as (

    select
        group_versions.*,
        cast(group_versions.campaign_id as string) as campaign_number,
        cast(group_versions.ad_group_id as string) as group_number,
        customers.currency_code as currency
    from group_versions
    left join customers on group_versions.customer_id = customers.id

),

spent as (

    {{ ad_spend('google_ads') }}

)

select * from spent
