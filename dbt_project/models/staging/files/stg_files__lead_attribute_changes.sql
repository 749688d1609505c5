with versions as (

    {{ latest_versions('raw_files', 'lead_attribute_changes', ['lead_id', 'attribute', 'changed_at']) }}

),

renamed as (

    select
        lead_id,
        attribute,
        value,
        changed_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
