with versions as (

    {{ latest_versions('raw_files', 'activities', ['activity_id']) }}

),

renamed as (

    select
        activity_id,
        lead_id,
        visitor_id,
        account_id,
        activity_type,
        occurred_at,
        occurred_at_precision,
        is_inbound,
        actor,
        user_id,
        outcome,
        campaign_id,
        content_id,
        click_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        referrer,
        landing_page,
        url,
        channel,
        value,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
