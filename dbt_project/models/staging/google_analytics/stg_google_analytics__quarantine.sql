with versions as (

    {{ latest_versions('raw_google_analytics', 'quarantine', ['entity', 'file', 'line', 'record_id']) }}

),

days as (

    {{ latest_versions('raw_google_analytics', 'exported_days', ['event_date']) }}

),

-- A line of an exported file counts as long as its day has not been read anew.
renamed as (

    select
        versions.entity,
        versions.file,
        versions.line,
        versions.record_id,
        versions.column_name,
        versions.reason,
        'google_analytics' as source,
        versions._loaded_at as loaded_at,
        versions._is_deleted or days.event_date is not null as is_deleted
    from versions
    left join days
        on
            versions.entity = 'exported_events'
            and split_part(versions.record_id, '/', 1) = cast(days.event_date as string)
            and versions._loaded_at < days._loaded_at

)

select * from renamed
