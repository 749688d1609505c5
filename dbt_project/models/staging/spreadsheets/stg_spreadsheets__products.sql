with versions as (

    {{ latest_of_files('raw_spreadsheets', 'products', ['product']) }}

),

renamed as (

    select
        product,
        product_family,
        list_price as list_price_amount_local,
        currency,
        gross_margin as gross_margin_rate,
        is_active,
        'spreadsheets' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
