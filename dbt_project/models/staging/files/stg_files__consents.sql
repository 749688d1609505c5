with versions as (

    {{ latest_versions('raw_files', 'consents', ['lead_id', 'purpose', 'changed_at']) }}

),

renamed as (

    select
        lead_id,
        purpose,
        status,
        changed_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
