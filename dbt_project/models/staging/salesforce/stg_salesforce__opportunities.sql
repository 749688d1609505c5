with versions as (

    {{ latest_versions('raw_salesforce', 'opportunities', ['id']) }}

),

typed as (

    select
        *,
        {{ mapped_field('salesforce', 'opportunities', 'opportunity_type') }} as own_type
    from versions

),

renamed as (

    select
        'salesforce:' || typed.id as opportunity_id,
        'salesforce:' || typed.account_id as account_id,
        case when typed.owner_id like '005%' then 'salesforce:' || typed.owner_id end as owner_id,
        {{ mapped_field('salesforce', 'opportunities', 'product', relation='typed') }} as product,
        coalesce(
            type_spellings.value,
            case when lower(typed.own_type) in ('new', 'expansion', 'renewal') then lower(typed.own_type) end
        ) as opportunity_type,
        typed.created_date as created_at,
        'second' as created_at_precision,
        typed.close_date as expected_close_date,
        -- Salesforce knows the second at which the stage changed last; without it, the day that people put down.
        case
            when typed.is_closed then coalesce(typed.last_stage_change_date, cast(typed.close_date as timestamp))
        end as closed_at,
        case
            when typed.is_closed then case when typed.last_stage_change_date is null then 'day' else 'second' end
        end as closed_at_precision,
        typed.is_won,
        typed.is_closed,
        typed.amount as amount_local,
        typed.currency_iso_code as currency,
        {{ mapped_field('salesforce', 'opportunities', 'lost_reason', relation='typed') }} as lost_reason,
        typed.stage_name as stage,
        'salesforce' as source,
        typed._loaded_at as loaded_at,
        typed._is_deleted as is_deleted
    from typed
    left join {{ ref('value_mappings') }} as type_spellings
        on
            type_spellings.entity = 'opportunities'
            and type_spellings.column_name = 'opportunity_type'
            and typed.own_type = type_spellings.source_value

)

select * from renamed
