with versions as (

    {{ latest_versions('raw_web_events', 'quarantine', ['entity', 'file', 'line', 'record_id']) }}

),

events as (

    {{ latest_versions('raw_web_events', 'events', ['event_id']) }}

),

-- A line stays in its file for good; mended, the event comes in another one, under the same id.
renamed as (

    select
        versions.entity,
        versions.file,
        versions.line,
        versions.record_id,
        versions.column_name,
        versions.reason,
        'web_events' as source,
        versions._loaded_at as loaded_at,
        versions._is_deleted or events.event_id is not null as is_deleted
    from versions
    left join events on versions.entity = 'events' and versions.record_id = events.event_id

)

select * from renamed
