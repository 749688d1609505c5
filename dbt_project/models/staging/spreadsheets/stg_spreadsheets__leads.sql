with people as (

    select * from {{ ref('stg_spreadsheets__people') }}

),

renamed as (

    select
        lead_id,
        email_key,
        email_domain,
        company_name,
        cast(null as string) as merged_into_lead_id,
        cast(null as string) as account_id,
        job_title,
        cast(null as string) as job_function,
        cast(null as string) as seniority,
        cast(null as string) as persona,
        country,
        cast(null as string) as language,
        lead_source,
        cast(null as string) as product_interest,
        cast(null as string) as owner_id,
        created_at,
        created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        first_loaded_at,
        'spreadsheets' as source,
        loaded_at,
        is_deleted
    from people

)

select * from renamed
