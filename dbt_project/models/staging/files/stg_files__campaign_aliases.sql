with versions as (

    {{ latest_versions('raw_files', 'campaign_aliases', ['alias']) }}

),

renamed as (

    select
        alias,
        campaign_id,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
