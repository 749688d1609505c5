with events as (

    {{ latest_versions('raw_web_events', 'events', ['event_id']) }}

),

given as (

    {{ latest_versions('raw_web_events', 'consents', ['event_id', 'purpose']) }}

),

links as (

    select
        visitor_id,
        min_by(lead_id, linked_at) as lead_id
    from {{ ref('stg_web_events__identity_links') }}
    where not is_deleted
    group by visitor_id

),

dated as (

    select
        coalesce('web_events:' || events.email_key, links.lead_id) as lead_id,
        given.purpose,
        given.status,
        events.occurred_at as changed_at,
        given._loaded_at,
        given._is_deleted or events._is_deleted as is_deleted
    from given
    inner join events on given.event_id = events.event_id
    left join links on events.anonymous_id = links.visitor_id

),

-- Two answers of one moment: the one that takes it back holds. What a stranger agreed to is nobody's consent yet.
renamed as (

    select
        lead_id,
        purpose,
        max(status) as status,
        changed_at,
        'web_events' as source,
        max(_loaded_at) as loaded_at,
        min(cast(is_deleted as int)) = 1 as is_deleted
    from dated
    where lead_id is not null
    group by lead_id, purpose, changed_at

)

select * from renamed
