with versions as (

    {{ latest_versions('raw_files', 'experiment_assignments', ['experiment_id', 'unit_type', 'unit_id']) }}

),

renamed as (

    select
        experiment_id,
        unit_type,
        unit_id,
        variant,
        assigned_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
