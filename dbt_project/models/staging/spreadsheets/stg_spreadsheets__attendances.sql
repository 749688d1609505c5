with versions as (

    {{ latest_of_files('raw_spreadsheets', 'attendance', ['kind', 'event_key', 'held_at', 'email', 'status']) }}

),

renamed as (

    select
        'spreadsheets:' || email_key as lead_id,
        email_key,
        email_domain,
        email,
        coalesce(full_name, nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '')) as full_name,
        company_name,
        job_title,
        country,
        event,
        event_key,
        kind,
        status,
        held_at,
        held_at_precision,
        campaign,
        campaign_key,
        _first_loaded_at as first_loaded_at,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
