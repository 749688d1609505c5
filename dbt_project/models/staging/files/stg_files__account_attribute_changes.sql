with versions as (

    {{ latest_versions('raw_files', 'account_attribute_changes', ['account_id', 'attribute', 'changed_at']) }}

),

renamed as (

    select
        account_id,
        attribute,
        value,
        changed_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
