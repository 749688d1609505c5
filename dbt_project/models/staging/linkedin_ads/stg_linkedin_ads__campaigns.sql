with accounts as (

    {{ latest_versions('raw_linkedin_ads', 'accounts', ['id']) }}

),

campaign_groups as (

    {{ latest_versions('raw_linkedin_ads', 'campaign_groups', ['account_id', 'id']) }}

),

campaigns as (

    {{ latest_versions('raw_linkedin_ads', 'campaigns', ['account_id', 'id']) }}

),

-- LinkedIn's campaign group is a campaign, its campaign an ad group, which is a campaign below it.
unioned as (

    select
        'linkedin_ads:' || cast(id as string) as campaign_id,
        cast(null as string) as parent_campaign_id,
        account_id,
        name,
        started_at,
        ended_at,
        budget_amount,
        budget_currency,
        _loaded_at,
        _is_deleted
    from campaign_groups
    union all
    select
        'linkedin_ads:' || cast(campaign_group_id as string) || '/' || cast(id as string) as campaign_id,
        'linkedin_ads:' || cast(campaign_group_id as string) as parent_campaign_id,
        account_id,
        name,
        started_at,
        ended_at,
        budget_amount,
        budget_currency,
        _loaded_at,
        _is_deleted
    from campaigns

),

renamed as (

    select
        unioned.campaign_id,
        unioned.name as campaign_name,
        'LinkedIn Ads' as platform,
        unioned.parent_campaign_id,
        unioned.parent_campaign_id is not null as is_ad_group,
        cast(unioned.started_at as date) as start_date,
        cast(unioned.ended_at as date) as end_date,
        unioned.budget_amount as budget_amount_local,
        coalesce(unioned.budget_currency, accounts.currency) as currency,
        'linkedin_ads' as source,
        unioned._loaded_at as loaded_at,
        unioned._is_deleted as is_deleted
    from unioned
    left join accounts on unioned.account_id = accounts.id

)

select * from renamed
