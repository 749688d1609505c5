with versions as (

    {{ latest_versions(
        'raw_files', 'customer_revenue', ['account_id', 'opportunity_id', 'revenue_date', 'product', 'currency']
    ) }}

),

renamed as (

    select
        account_id,
        opportunity_id,
        revenue_date,
        amount_local,
        currency,
        gross_margin_rate,
        product,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
