{#- A person synced from the CRM is the CRM's; without the CRM at hand, Marketo's own record is the person. -#}
{%- set has_crm = 'salesforce' in enabled_sources() -%}

with versions as (

    {{ latest_versions('raw_marketo', 'leads', ['id']) }}

),

renamed as (

    select
        'marketo:' || cast(id as string) as lead_id,
        email_key,
        email_domain,
        company as company_name,
        case
            when merged_into_lead_id is not null then 'marketo:' || cast(merged_into_lead_id as string)
            {%- if has_crm %}
            else 'salesforce:' || coalesce(sfdc_lead_id, sfdc_contact_id)
            {%- endif %}
        end as merged_into_lead_id,
        {%- if has_crm %}
        'salesforce:' || sfdc_account_id as account_id,
        {%- else %}
        cast(null as string) as account_id,
        {%- endif %}
        {{ mapped_field('marketo', 'leads', 'job_title') }} as job_title,
        {{ mapped_field('marketo', 'leads', 'job_function') }} as job_function,
        {{ mapped_field('marketo', 'leads', 'seniority') }} as seniority,
        {{ mapped_field('marketo', 'leads', 'persona') }} as persona,
        {{ mapped_field('marketo', 'leads', 'country') }} as country,
        {{ mapped_field('marketo', 'leads', 'language') }} as language,
        {{ mapped_field('marketo', 'leads', 'lead_source') }} as lead_source,
        {{ mapped_field('marketo', 'leads', 'product_interest') }} as product_interest,
        cast(null as string) as owner_id,
        created_at,
        'second' as created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        _first_loaded_at as first_loaded_at,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
