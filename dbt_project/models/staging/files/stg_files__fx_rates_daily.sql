with versions as (

    {{ latest_versions('raw_files', 'fx_rates_daily', ['currency', 'date']) }}

),

renamed as (

    select
        currency,
        date,
        rate_to_reporting,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
