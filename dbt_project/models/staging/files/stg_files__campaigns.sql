with versions as (

    {{ latest_versions('raw_files', 'campaigns', ['campaign_id']) }}

),

renamed as (

    select
        campaign_id,
        campaign_name,
        platform,
        parent_campaign_id,
        is_ad_group,
        start_date,
        end_date,
        budget_amount_local,
        currency,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
