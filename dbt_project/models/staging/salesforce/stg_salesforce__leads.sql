with leads as (

    {{ latest_versions('raw_salesforce', 'leads', ['id']) }}

),

contacts as (

    {{ latest_versions('raw_salesforce', 'contacts', ['id']) }}

),

-- A converted Lead is the person its Contact is.
people as (

    select
        'salesforce:' || id as lead_id,
        email_key,
        email_domain,
        company as company_name,
        'salesforce:' || coalesce(converted_contact_id, master_record_id) as merged_into_lead_id,
        'salesforce:'
        || coalesce(converted_account_id, {{ mapped_field('salesforce', 'leads', 'account_id') }}) as account_id,
        {{ mapped_field('salesforce', 'leads', 'job_title') }} as job_title,
        {{ mapped_field('salesforce', 'leads', 'job_function') }} as job_function,
        {{ mapped_field('salesforce', 'leads', 'seniority') }} as seniority,
        {{ mapped_field('salesforce', 'leads', 'persona') }} as persona,
        {{ mapped_field('salesforce', 'leads', 'country') }} as country,
        {{ mapped_field('salesforce', 'leads', 'language') }} as language,
        {{ mapped_field('salesforce', 'leads', 'lead_source') }} as lead_source,
        {{ mapped_field('salesforce', 'leads', 'product_interest') }} as product_interest,
        case when owner_id like '005%' then 'salesforce:' || owner_id end as owner_id,
        created_date as created_at,
        'second' as created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        _first_loaded_at as first_loaded_at,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from leads
    union all
    select
        'salesforce:' || id as lead_id,
        email_key,
        email_domain,
        cast(null as string) as company_name,
        'salesforce:' || master_record_id as merged_into_lead_id,
        'salesforce:' || account_id as account_id,
        {{ mapped_field('salesforce', 'contacts', 'job_title') }} as job_title,
        {{ mapped_field('salesforce', 'contacts', 'job_function') }} as job_function,
        {{ mapped_field('salesforce', 'contacts', 'seniority') }} as seniority,
        {{ mapped_field('salesforce', 'contacts', 'persona') }} as persona,
        {{ mapped_field('salesforce', 'contacts', 'country') }} as country,
        {{ mapped_field('salesforce', 'contacts', 'language') }} as language,
        {{ mapped_field('salesforce', 'contacts', 'lead_source') }} as lead_source,
        {{ mapped_field('salesforce', 'contacts', 'product_interest') }} as product_interest,
        case when owner_id like '005%' then 'salesforce:' || owner_id end as owner_id,
        created_date as created_at,
        'second' as created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        _first_loaded_at as first_loaded_at,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from contacts

)

select * from people
