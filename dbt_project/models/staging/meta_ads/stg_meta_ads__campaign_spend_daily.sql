with accounts as (

    {{ latest_versions('raw_meta_ads', 'accounts', ['id']) }}

),

campaign_insights as (

    {{ latest_versions('raw_meta_ads', 'campaign_insights', ['account_id', 'date', 'campaign_id']) }}

),

campaign_actions as (

    {{ latest_versions('raw_meta_ads', 'campaign_actions', ['account_id', 'date', 'campaign_id', 'action_type']) }}

),

ad_set_insights as (

    {{ latest_versions('raw_meta_ads', 'ad_set_insights', ['account_id', 'date', 'adset_id']) }}

),

ad_set_actions as (

    {{ latest_versions('raw_meta_ads', 'ad_set_actions', ['account_id', 'date', 'adset_id', 'action_type']) }}

),

conversion_actions as (

    select action_type from {{ ref('conversion_actions') }} where source = 'meta_ads'

),

campaign_conversions as (

    select
        campaign_actions.account_id,
        campaign_actions.date,
        campaign_actions.campaign_id,
        sum(campaign_actions.value) as conversions
    from campaign_actions
    inner join conversion_actions on campaign_actions.action_type = conversion_actions.action_type
    where not campaign_actions._is_deleted
    group by campaign_actions.account_id, campaign_actions.date, campaign_actions.campaign_id

),

ad_set_conversions as (

    select
        ad_set_actions.account_id,
        ad_set_actions.date,
        ad_set_actions.adset_id,
        sum(ad_set_actions.value) as conversions
    from ad_set_actions
    inner join conversion_actions on ad_set_actions.action_type = conversion_actions.action_type
    where not ad_set_actions._is_deleted
    group by ad_set_actions.account_id, ad_set_actions.date, ad_set_actions.adset_id

),

-- Money in whole millionths is exact: a double holds any sum below nine billion to the millionth.
stated_of_campaigns as (

    select
        cast(campaign_insights.campaign_id as string) as campaign_number,
        campaign_insights.date,
        coalesce(campaign_insights.impressions, 0) as impressions,
        coalesce(campaign_insights.clicks, 0) as clicks,
        cast(round(coalesce(campaign_insights.spend, 0) * 1000000) as bigint) as cost_micros,
        coalesce(campaign_conversions.conversions, 0) as conversions,
        accounts.currency,
        campaign_insights._loaded_at,
        campaign_insights._is_deleted
    from campaign_insights
    left join campaign_conversions
        on
            campaign_insights.account_id = campaign_conversions.account_id
            and campaign_insights.date = campaign_conversions.date
            and campaign_insights.campaign_id = campaign_conversions.campaign_id
    left join accounts on campaign_insights.account_id = accounts.id

),

stated_of_groups as (

    select
        cast(ad_set_insights.campaign_id as string) as campaign_number,
        cast(ad_set_insights.adset_id as string) as group_number,
        ad_set_insights.date,
        coalesce(ad_set_insights.impressions, 0) as impressions,
        coalesce(ad_set_insights.clicks, 0) as clicks,
        cast(round(coalesce(ad_set_insights.spend, 0) * 1000000) as bigint) as cost_micros,
        coalesce(ad_set_conversions.conversions, 0) as conversions,
        accounts.currency,
        ad_set_insights._loaded_at,
        ad_set_insights._is_deleted
    from ad_set_insights
    left join ad_set_conversions
        on
            ad_set_insights.account_id = ad_set_conversions.account_id
            and ad_set_insights.date = ad_set_conversions.date
            and ad_set_insights.adset_id = ad_set_conversions.adset_id
    left join accounts on ad_set_insights.account_id = accounts.id

),

renamed as (

    {{ ad_spend('meta_ads', campaigns='stated_of_campaigns', groups='stated_of_groups') }}

)

select * from renamed
