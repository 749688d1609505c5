with versions as (

    {{ latest_versions('raw_files', 'targets', ['month_start_date', 'kpi', 'dimension', 'dimension_value']) }}

),

renamed as (

    select
        month_start_date,
        kpi,
        dimension,
        dimension_value,
        target,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
