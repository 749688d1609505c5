with versions as (

    {{ latest_versions('raw_hubspot', 'campaigns', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as campaign_id,
        hs_name as campaign_name,
        cast(null as string) as platform,
        cast(null as string) as parent_campaign_id,
        false as is_ad_group,
        hs_start_date as start_date,
        hs_end_date as end_date,
        hs_budget_items_sum_amount as budget_amount_local,
        hs_currency_code as currency,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
