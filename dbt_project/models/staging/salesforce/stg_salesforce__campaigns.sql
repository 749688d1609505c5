with versions as (

    {{ latest_versions('raw_salesforce', 'campaigns', ['id']) }}

),

renamed as (

    select
        'salesforce:' || id as campaign_id,
        name as campaign_name,
        {{ mapped_field('salesforce', 'campaigns', 'platform') }} as platform,
        'salesforce:' || parent_id as parent_campaign_id,
        false as is_ad_group,
        start_date,
        end_date,
        budgeted_cost as budget_amount_local,
        currency_iso_code as currency,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
