with accounts as (

    {{ latest_versions('raw_meta_ads', 'accounts', ['id']) }}

),

stated as (

    {{ latest_versions('raw_meta_ads', 'account_insights', ['account_id', 'date']) }}

),

renamed as (

    select
        cast(stated.account_id as string) as account_number,
        stated.date,
        coalesce(stated.spend, 0) as cost_amount_local,
        accounts.currency,
        'meta_ads' as source,
        stated._loaded_at as loaded_at,
        stated._is_deleted as is_deleted
    from stated
    left join accounts on stated.account_id = accounts.id

)

select * from renamed
