with events as (

    {{ latest_versions('raw_web_events', 'events', ['event_id']) }}

),

renamed as (

    select
        'web_events:' || event_id as activity_id,
        'web_events:' || email_key as lead_id,
        -- Of the website, not of this source: another tool that sets or reads the same id means the same visitor.
        anonymous_id as visitor_id,
        cast(null as string) as account_id,
        -- Forms are told apart by their names, which the playbook's activity_mappings know.
        case when event_type = 'form_submitted' then event_type || coalesce(': ' || form_id, '') else event_type end
            as activity_type,
        occurred_at,
        'second' as occurred_at_precision,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as user_id,
        cast(null as string) as outcome,
        campaign_id,
        content_id,
        click_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        -- A page of the website itself brings nobody.
        case when {{ bare_domain('referrer') }} = {{ bare_domain('url') }} then null else referrer end as referrer,
        landing_page,
        url,
        cast(null as string) as channel,
        value,
        'web_events' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from events

)

select * from renamed
