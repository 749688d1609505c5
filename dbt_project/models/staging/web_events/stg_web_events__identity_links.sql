with events as (

    {{ latest_versions('raw_web_events', 'events', ['event_id']) }}

),

-- A visitor is recognised when they first say who they are.
recognised as (

    select
        anonymous_id as visitor_id,
        'web_events:' || email_key as lead_id,
        min(occurred_at) as linked_at,
        'web_events' as source,
        max(_loaded_at) as loaded_at,
        min(cast(_is_deleted as int)) = 1 as is_deleted
    from events
    where anonymous_id is not null and email_key is not null
    group by anonymous_id, email_key

)

select * from recognised
