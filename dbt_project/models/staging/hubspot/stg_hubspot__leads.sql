with versions as (

    {{ latest_versions('raw_hubspot', 'contacts', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as lead_id,
        email_key,
        email_domain,
        company as company_name,
        'hubspot:' || merged_into_id as merged_into_lead_id,
        'hubspot:' || nullif(associatedcompanyid, '') as account_id,
        {{ mapped_field('hubspot', 'contacts', 'job_title') }} as job_title,
        {{ mapped_field('hubspot', 'contacts', 'job_function') }} as job_function,
        {{ mapped_field('hubspot', 'contacts', 'seniority') }} as seniority,
        {{ mapped_field('hubspot', 'contacts', 'persona') }} as persona,
        {{ mapped_field('hubspot', 'contacts', 'country') }} as country,
        {{ mapped_field('hubspot', 'contacts', 'language') }} as language,
        {{ mapped_field('hubspot', 'contacts', 'lead_source') }} as lead_source,
        {{ mapped_field('hubspot', 'contacts', 'product_interest') }} as product_interest,
        'hubspot:' || nullif(hubspot_owner_id, '') as owner_id,
        coalesce(createdate, created_at) as created_at,
        'second' as created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        _first_loaded_at as first_loaded_at,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
