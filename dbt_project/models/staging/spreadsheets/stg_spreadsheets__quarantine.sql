with versions as (

    {{ latest_versions('raw_spreadsheets', 'quarantine', ['entity', 'file', 'line', 'record_id']) }}

),

renamed as (

    select
        entity,
        file,
        line,
        record_id,
        column_name,
        reason,
        'spreadsheets' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
