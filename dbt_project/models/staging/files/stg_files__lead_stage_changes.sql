with versions as (

    {{ latest_versions('raw_files', 'lead_stage_changes', ['lead_id', 'stage', 'changed_at']) }}

),

renamed as (

    select
        lead_id,
        stage,
        changed_at,
        changed_at_precision,
        changed_by,
        reason,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
