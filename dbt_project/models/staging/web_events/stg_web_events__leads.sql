{%- set attributes = [
    'email_domain', 'job_title', 'job_function', 'seniority', 'persona', 'country', 'language', 'lead_source',
    'product_interest',
] -%}

with events as (

    {{ latest_versions('raw_web_events', 'events', ['event_id']) }}

),

submissions as (

    select
        *,
        row_number() over (partition by email_key order by _is_deleted, occurred_at, event_id) as submission_number
    from events
    where email_key is not null

),

-- One person per e-mail, as the first submission described them; what it left empty, a later one fills in.
people as (

    select
        'web_events:' || email_key as lead_id,
        email_key,
        min_by(company, case when company is not null then submission_number end) as company_name,
        cast(null as string) as merged_into_lead_id,
        cast(null as string) as account_id,
        {%- for attribute in attributes %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then submission_number end) as {{ attribute }},
        {%- endfor %}
        cast(null as string) as owner_id,
        min(occurred_at) as created_at,
        'second' as created_at_precision,
        cast(null as string) as stage,
        cast(null as timestamp) as stage_changed_at,
        min(_first_loaded_at) as first_loaded_at,
        'web_events' as source,
        max(_loaded_at) as loaded_at,
        min(cast(_is_deleted as int)) = 1 as is_deleted
    from submissions
    group by email_key

)

select * from people
