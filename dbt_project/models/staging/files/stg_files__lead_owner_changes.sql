with versions as (

    {{ latest_versions('raw_files', 'lead_owner_changes', ['lead_id', 'changed_at', 'owner_id']) }}

),

renamed as (

    select
        lead_id,
        owner_id,
        changed_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
