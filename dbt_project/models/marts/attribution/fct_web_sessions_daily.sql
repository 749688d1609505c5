with sessions as (

    select * from {{ ref('web_sessions_daily') }}
    where not is_deleted

),

described as (

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
        key_events
    from sessions

)

select * from described
