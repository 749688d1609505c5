with versions as (

    {{ latest_versions('raw_files', 'web_sessions_daily', [
        'property_id', 'date', 'channel_group', 'utm_source', 'utm_medium', 'utm_campaign',
    ]) }}

),

renamed as (

    select
        property_id,
        date,
        channel_group,
        utm_source,
        utm_medium,
        utm_campaign,
        sessions,
        engaged_sessions,
        users,
        new_users,
        page_views,
        key_events,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
