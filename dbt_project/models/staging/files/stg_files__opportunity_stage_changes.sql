with versions as (

    {{ latest_versions('raw_files', 'opportunity_stage_changes', ['opportunity_id', 'stage', 'changed_at']) }}

),

renamed as (

    select
        opportunity_id,
        stage,
        changed_at,
        changed_at_precision,
        amount_local,
        currency,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
