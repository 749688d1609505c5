{%- set key = [
    'property_id', 'date', 'session_default_channel_group', 'session_source', 'session_medium', 'session_campaign_name',
] -%}
{%- set words_for_nothing = [
    '(not set)', '(none)', '(direct)', '(organic)', '(referral)', '(data not available)', '(empty)',
] -%}
{%- set nothing = "('" ~ words_for_nothing | join("', '") ~ "')" -%}

with versions as (

    {{ latest_versions('raw_google_analytics', 'sessions_daily', key) }}

),

-- Google's words for a link without such a tag; the channel group still tells direct visits from unknown ones.
plain as (

    select
        *,
        case when lower(session_source) not in {{ nothing }} then session_source end as utm_source,
        case when lower(session_medium) not in {{ nothing }} then session_medium end as utm_medium,
        case when lower(session_campaign_name) not in {{ nothing }} then session_campaign_name end as utm_campaign
    from versions

),

-- Rows that differ in those words alone are one; deleted ones count for nothing.
renamed as (

    select
        property_id,
        date,
        session_default_channel_group as channel_group,
        utm_source,
        utm_medium,
        utm_campaign,
        cast(sum(case when not _is_deleted then sessions end) as bigint) as sessions,
        cast(sum(case when not _is_deleted then engaged_sessions end) as bigint) as engaged_sessions,
        cast(sum(case when not _is_deleted then total_users end) as bigint) as users,
        cast(sum(case when not _is_deleted then new_users end) as bigint) as new_users,
        cast(sum(case when not _is_deleted then screen_page_views end) as bigint) as page_views,
        sum(case when not _is_deleted then key_events end) as key_events,
        'google_analytics' as source,
        max(_loaded_at) as loaded_at,
        min(cast(_is_deleted as int)) = 1 as is_deleted
    from plain
    group by property_id, date, session_default_channel_group, utm_source, utm_medium, utm_campaign

)

select * from renamed
