with attendances as (

    select * from {{ ref('stg_spreadsheets__attendances') }}

),

cold_emails as (

    select * from {{ ref('stg_spreadsheets__cold_emails') }}

),

mentions as (

    select
        lead_id,
        email_key,
        email_domain,
        email,
        full_name,
        company_name,
        job_title,
        country,
        kind as lead_source,
        signed_up_at as mentioned_at,
        signed_up_at_precision as mentioned_at_precision,
        first_loaded_at,
        loaded_at,
        is_deleted
    from attendances
    union all
    select
        lead_id,
        email_key,
        email_domain,
        email,
        cast(null as string) as full_name,
        company_name,
        cast(null as string) as job_title,
        cast(null as string) as country,
        'cold e-mail' as lead_source,
        sent_at as mentioned_at,
        sent_at_precision as mentioned_at_precision,
        first_loaded_at,
        loaded_at,
        is_deleted
    from cold_emails

),

-- What stands in the sheets counts before what was taken out of them, and the latest day before the ones ahead of it.
ranked as (

    select
        *,
        row_number() over (
            partition by lead_id order by is_deleted asc, mentioned_at desc, loaded_at desc, lead_source asc
        ) as newest_first,
        row_number() over (
            partition by lead_id order by is_deleted, mentioned_at, mentioned_at_precision, lead_source
        ) as oldest_first
    from mentions

),

people as (

    select
        lead_id,
        min(email_key) as email_key,
        min(email_domain) as email_domain,
        min(email) as email,
        {%- for attribute in ['full_name', 'company_name', 'job_title', 'country'] %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then newest_first end) as {{ attribute }},
        {%- endfor %}
        min_by(lead_source, oldest_first) as lead_source,
        min_by(mentioned_at, oldest_first) as created_at,
        min_by(mentioned_at_precision, oldest_first) as created_at_precision,
        min(first_loaded_at) as first_loaded_at,
        max(loaded_at) as loaded_at,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from ranked
    group by lead_id

)

select * from people
