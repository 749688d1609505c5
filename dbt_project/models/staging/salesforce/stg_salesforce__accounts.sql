with versions as (

    {{ latest_versions('raw_salesforce', 'accounts', ['id']) }}

),

renamed as (

    select
        'salesforce:' || id as account_id,
        'salesforce:' || master_record_id as merged_into_account_id,
        name as account_name,
        website as domain,
        {{ mapped_field('salesforce', 'accounts', 'industry') }} as industry,
        {{ mapped_field('salesforce', 'accounts', 'employee_count', 'bigint') }} as employee_count,
        {{ mapped_field('salesforce', 'accounts', 'annual_revenue_amount', 'double') }} as annual_revenue_amount,
        {{ mapped_field('salesforce', 'accounts', 'country') }} as country,
        {{ mapped_field('salesforce', 'accounts', 'region') }} as region,
        {{ mapped_field('salesforce', 'accounts', 'technology_tags') }} as technology_tags,
        {{ mapped_field('salesforce', 'accounts', 'segment') }} as segment,
        {{ mapped_field('salesforce', 'accounts', 'churned_at', 'timestamp') }} as churned_at,
        _first_loaded_at as first_loaded_at,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
