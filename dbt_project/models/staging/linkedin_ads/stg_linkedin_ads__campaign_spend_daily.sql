with accounts as (

    {{ latest_versions('raw_linkedin_ads', 'accounts', ['id']) }}

),

campaigns as (

    {{ latest_versions('raw_linkedin_ads', 'campaigns', ['account_id', 'id']) }}

),

campaign_group_analytics as (

    {{ latest_versions('raw_linkedin_ads', 'campaign_group_analytics', ['account_id', 'date', 'campaign_group_id']) }}

),

campaign_analytics as (

    {{ latest_versions('raw_linkedin_ads', 'campaign_analytics', ['account_id', 'date', 'campaign_id']) }}

),

-- LinkedIn's campaign group is a campaign. A conversion happens on the website or in a form on LinkedIn, never in both.
-- Money in whole millionths is exact: a double holds any sum below nine billion to the millionth.
stated_of_campaigns as (

    select
        cast(campaign_group_analytics.campaign_group_id as string) as campaign_number,
        campaign_group_analytics.date,
        coalesce(campaign_group_analytics.impressions, 0) as impressions,
        coalesce(campaign_group_analytics.clicks, 0) as clicks,
        cast(round(coalesce(campaign_group_analytics.cost_in_local_currency, 0) * 1000000) as bigint) as cost_micros,
        cast(
            coalesce(campaign_group_analytics.external_website_conversions, 0)
            + coalesce(campaign_group_analytics.one_click_leads, 0) as double
        ) as conversions,
        accounts.currency,
        campaign_group_analytics._loaded_at,
        campaign_group_analytics._is_deleted
    from campaign_group_analytics
    left join accounts on campaign_group_analytics.account_id = accounts.id

),

-- Of a campaign that LinkedIn does not list it is not known where it belongs: its group keeps its figures.
stated_of_groups as (

    select
        cast(campaigns.campaign_group_id as string) as campaign_number,
        cast(campaign_analytics.campaign_id as string) as group_number,
        campaign_analytics.date,
        coalesce(campaign_analytics.impressions, 0) as impressions,
        coalesce(campaign_analytics.clicks, 0) as clicks,
        cast(round(coalesce(campaign_analytics.cost_in_local_currency, 0) * 1000000) as bigint) as cost_micros,
        cast(
            coalesce(campaign_analytics.external_website_conversions, 0)
            + coalesce(campaign_analytics.one_click_leads, 0) as double
        ) as conversions,
        accounts.currency,
        campaign_analytics._loaded_at,
        campaign_analytics._is_deleted
    from campaign_analytics
    inner join campaigns
        on
            campaign_analytics.account_id = campaigns.account_id
            and campaign_analytics.campaign_id = campaigns.id
    left join accounts on campaign_analytics.account_id = accounts.id

),

renamed as (

    {{ ad_spend('linkedin_ads', campaigns='stated_of_campaigns', groups='stated_of_groups') }}

)

select * from renamed
