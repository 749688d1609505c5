with versions as (

    {{ latest_versions('raw_files', 'experiments', ['experiment_id']) }}

),

renamed as (

    select
        experiment_id,
        name,
        hypothesis,
        bottleneck_stage,
        started_at,
        ended_at,
        primary_metric,
        horizon_days,
        minimum_effect,
        status,
        learning,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
