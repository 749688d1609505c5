with versions as (

    {{ latest_versions('raw_files', 'products', ['product']) }}

),

renamed as (

    select
        product,
        product_family,
        list_price_amount_local,
        currency,
        gross_margin_rate,
        is_active,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
