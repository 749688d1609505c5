with accounts as (

    {{ latest_versions('raw_meta_ads', 'accounts', ['id']) }}

),

campaigns as (

    {{ latest_versions('raw_meta_ads', 'campaigns', ['account_id', 'id']) }}

),

ad_sets as (

    {{ latest_versions('raw_meta_ads', 'ad_sets', ['account_id', 'id']) }}

),

-- An ad set is a campaign of its own below its campaign.
unioned as (

    select
        'meta_ads:' || cast(id as string) as campaign_id,
        cast(null as string) as parent_campaign_id,
        account_id,
        name,
        start_time,
        stop_time as end_time,
        lifetime_budget,
        _loaded_at,
        _is_deleted
    from campaigns
    union all
    select
        'meta_ads:' || cast(campaign_id as string) || '/' || cast(id as string) as campaign_id,
        'meta_ads:' || cast(campaign_id as string) as parent_campaign_id,
        account_id,
        name,
        start_time,
        end_time,
        lifetime_budget,
        _loaded_at,
        _is_deleted
    from ad_sets

),

renamed as (

    select
        unioned.campaign_id,
        unioned.name as campaign_name,
        'Meta Ads' as platform,
        unioned.parent_campaign_id,
        unioned.parent_campaign_id is not null as is_ad_group,
        cast(unioned.start_time as date) as start_date,
        cast(unioned.end_time as date) as end_date,
        -- Budgets are in the smallest unit of the currency, 0 where there is none for the whole life.
        nullif(unioned.lifetime_budget, 0) / case
            when accounts.currency in (
                'CLP', 'COP', 'CRC', 'HUF', 'IDR', 'ISK', 'JPY', 'KRW', 'PYG', 'TWD', 'VND'
            ) then 1.0
            else 100.0
        end as budget_amount_local,
        accounts.currency,
        'meta_ads' as source,
        unioned._loaded_at as loaded_at,
        unioned._is_deleted as is_deleted
    from unioned
    left join accounts on unioned.account_id = accounts.id

)

select * from renamed
