with versions as (

    {{ latest_versions('raw_files', 'accounts', ['account_id']) }}

),

renamed as (

    select
        account_id,
        merged_into_account_id,
        account_name,
        domain,
        industry,
        employee_count,
        annual_revenue_amount,
        country,
        region,
        technology_tags,
        segment,
        churned_at,
        _first_loaded_at as first_loaded_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
