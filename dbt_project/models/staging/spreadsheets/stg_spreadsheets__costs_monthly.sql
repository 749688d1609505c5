with versions as (

    {{ latest_of_files(
        'raw_spreadsheets', 'costs', ['month', 'team', 'cost_type', 'phase', 'product', 'item_key', 'currency']
    ) }}

),

-- Items of one cost type are added up, to the cent.
renamed as (

    select
        month as month_start_date,
        team,
        cost_type,
        phase,
        coalesce(sum(case when not _is_deleted then cast(round(amount * 100) as bigint) end), 0) / 100.0
            as amount_local,
        currency,
        product,
        'spreadsheets' as source,
        max(_loaded_at) as loaded_at,
        min(case when _is_deleted then 1 else 0 end) = 1 as is_deleted
    from versions
    group by month, team, cost_type, phase, product, currency

)

select * from renamed
