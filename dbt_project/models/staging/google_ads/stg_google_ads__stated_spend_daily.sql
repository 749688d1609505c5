with customers as (

    {{ latest_versions('raw_google_ads', 'customers', ['id']) }}

),

stated as (

    {{ latest_versions('raw_google_ads', 'customer_performance', ['customer_id', 'date']) }}

),

renamed as (

    select
        cast(stated.customer_id as string) as account_number,
        stated.date,
        stated.cost_micros / 1e6 as cost_amount_local,
        customers.currency_code as currency,
        'google_ads' as source,
        stated._loaded_at as loaded_at,
        stated._is_deleted as is_deleted
    from stated
    left join customers on stated.customer_id = customers.id

)

select * from renamed
