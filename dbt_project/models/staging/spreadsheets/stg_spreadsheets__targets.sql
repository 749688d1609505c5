with versions as (

    {{ latest_of_files('raw_spreadsheets', 'targets', ['month', 'kpi', 'dimension', 'dimension_value']) }}

),

renamed as (

    select
        month as month_start_date,
        kpi,
        dimension,
        dimension_value,
        target,
        'spreadsheets' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
