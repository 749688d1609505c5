with versions as (

    {{ latest_versions('raw_files', 'campaign_spend_daily', ['campaign_id', 'date']) }}

),

renamed as (

    select
        campaign_id,
        date,
        impressions,
        clicks,
        cost_amount_local,
        currency,
        platform_conversions,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
