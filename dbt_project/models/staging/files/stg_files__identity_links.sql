with versions as (

    {{ latest_versions('raw_files', 'identity_links', ['visitor_id', 'lead_id']) }}

),

renamed as (

    select
        visitor_id,
        lead_id,
        linked_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
