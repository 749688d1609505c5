with versions as (

    {{ latest_versions(
        'raw_files', 'costs_monthly', ['month_start_date', 'team', 'cost_type', 'phase', 'product', 'currency']
    ) }}

),

renamed as (

    select
        month_start_date,
        team,
        cost_type,
        phase,
        amount_local,
        currency,
        product,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
