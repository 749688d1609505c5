with versions as (

    {{ latest_versions('raw_files', 'opportunity_contacts', ['opportunity_id', 'lead_id']) }}

),

renamed as (

    select
        opportunity_id,
        lead_id,
        role,
        is_primary,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
