{%- set attributes = ['full_name', 'email', 'phone'] -%}

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

people as (

    select
        'web_events:' || email_key as lead_id,
        {%- for attribute in attributes %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then submission_number end) as {{ attribute }},
        {%- endfor %}
        min_by(company, case when company is not null then submission_number end) as company_name,
        'web_events' as source,
        max(_loaded_at) as loaded_at,
        min(cast(_is_deleted as int)) = 1 as is_deleted
    from submissions
    group by email_key

)

select * from people
