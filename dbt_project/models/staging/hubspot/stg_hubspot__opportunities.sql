with versions as (

    {{ latest_versions('raw_hubspot', 'deals', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as opportunity_id,
        'hubspot:' || nullif(hs_primary_associated_company, '') as account_id,
        'hubspot:' || nullif(hubspot_owner_id, '') as owner_id,
        {{ mapped_field('hubspot', 'deals', 'product') }} as product,
        case {{ mapped_field('hubspot', 'deals', 'opportunity_type') }}
            when 'newbusiness' then 'new'
            when 'existingbusiness' then 'expansion'
            when 'new' then 'new'
            when 'expansion' then 'expansion'
            when 'renewal' then 'renewal'
        end as opportunity_type,
        coalesce(createdate, created_at) as created_at,
        'second' as created_at_precision,
        case when not hs_is_closed then cast(closedate as date) end as expected_close_date,
        case when hs_is_closed then closedate end as closed_at,
        'second' as closed_at_precision,
        hs_is_closed_won as is_won,
        hs_is_closed as is_closed,
        amount as amount_local,
        nullif(deal_currency_code, '') as currency,
        {{ mapped_field('hubspot', 'deals', 'lost_reason') }} as lost_reason,
        dealstage as stage,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
