{%- set tags = ['click_id', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'] -%}

with events as (

    {{ latest_versions('raw_google_analytics', 'exported_events', ['event_date', 'event_id']) }}

),

recognitions as (

    select * from {{ ref('stg_google_analytics__recognitions') }}

),

tagged as (

    select
        *,
        coalesce({{ tags | join(', ') }}) is not null as is_tagged,
        first_value(url) over (
            partition by user_pseudo_id, session_id order by _is_deleted, occurred_at, event_id
        ) as first_url
    from events

),

-- Only the page that an ad or link led to has their tags; the rest of the visit came by them too.
tags_of_sessions as (

    select *
    from (
        select
            user_pseudo_id,
            session_id,
            {{ tags | join(', ') }},
            row_number() over (partition by user_pseudo_id, session_id order by occurred_at, event_id) as tag_rank
        from tagged
        where is_tagged and not _is_deleted
    ) as ranked
    where tag_rank = 1

),

renamed as (

    select
        'google_analytics:' || tagged.event_id as activity_id,
        recognitions.lead_id,
        tagged.user_pseudo_id as visitor_id,
        cast(null as string) as account_id,
        tagged.event_name || coalesce(': ' || tagged.form, '') as activity_type,
        tagged.occurred_at,
        'second' as occurred_at_precision,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as user_id,
        cast(null as string) as outcome,
        cast(null as string) as campaign_id,
        cast(null as string) as content_id,
        {%- for tag in tags %}
        case when tagged.is_tagged then tagged.{{ tag }} else tags_of_sessions.{{ tag }} end as {{ tag }},
        {%- endfor %}
        -- A page of the website itself brings nobody.
        case
            when {{ bare_domain('tagged.referrer') }} = {{ bare_domain('tagged.url') }} then null else tagged.referrer
        end as referrer,
        case when tagged.session_id is not null then tagged.first_url end as landing_page,
        tagged.url,
        cast(null as string) as channel,
        tagged.value,
        'google_analytics' as source,
        tagged._loaded_at as loaded_at,
        tagged._is_deleted as is_deleted
    from tagged
    left join recognitions on tagged.event_id = recognitions.event_id
    left join tags_of_sessions
        on tagged.user_pseudo_id = tags_of_sessions.user_pseudo_id and tagged.session_id = tags_of_sessions.session_id

)

select * from renamed
