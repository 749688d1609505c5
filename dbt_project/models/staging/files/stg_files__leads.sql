with versions as (

    {{ latest_versions('raw_files', 'leads', ['lead_id']) }}

),

renamed as (

    select
        lead_id,
        email_key,
        email_domain,
        company_name,
        merged_into_lead_id,
        account_id,
        job_title,
        job_function,
        seniority,
        persona,
        country,
        language,
        lead_source,
        product_interest,
        owner_id,
        created_at,
        created_at_precision,
        stage,
        stage_changed_at,
        _first_loaded_at as first_loaded_at,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
