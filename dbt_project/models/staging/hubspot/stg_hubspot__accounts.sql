with versions as (

    {{ latest_versions('raw_hubspot', 'companies', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as account_id,
        'hubspot:' || merged_into_id as merged_into_account_id,
        name as account_name,
        domain,
        {{ mapped_field('hubspot', 'companies', 'industry') }} as industry,
        {{ mapped_field('hubspot', 'companies', 'employee_count', 'bigint') }} as employee_count,
        {{ mapped_field('hubspot', 'companies', 'annual_revenue_amount', 'double') }} as annual_revenue_amount,
        {{ mapped_field('hubspot', 'companies', 'country') }} as country,
        {{ mapped_field('hubspot', 'companies', 'region') }} as region,
        {{ mapped_field('hubspot', 'companies', 'technology_tags') }} as technology_tags,
        {{ mapped_field('hubspot', 'companies', 'segment') }} as segment,
        {{ mapped_field('hubspot', 'companies', 'churned_at', 'timestamp') }} as churned_at,
        _first_loaded_at as first_loaded_at,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
