with accounts as (

    {{ latest_versions('raw_linkedin_ads', 'accounts', ['id']) }}

),

stated as (

    {{ latest_versions('raw_linkedin_ads', 'account_analytics', ['account_id', 'date']) }}

),

renamed as (

    select
        cast(stated.account_id as string) as account_number,
        stated.date,
        coalesce(stated.cost_in_local_currency, 0) as cost_amount_local,
        accounts.currency,
        'linkedin_ads' as source,
        stated._loaded_at as loaded_at,
        stated._is_deleted as is_deleted
    from stated
    left join accounts on stated.account_id = accounts.id

)

select * from renamed
