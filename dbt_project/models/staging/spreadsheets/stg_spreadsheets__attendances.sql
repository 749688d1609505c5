with versions as (

    {{ latest_of_files('raw_spreadsheets', 'attendance', ['kind', 'event_key', 'held_at', 'email', 'status']) }}

),

-- Who signed up for something that lies ahead did so before we learnt of it.
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
        registered_at,
        case
            when registered_at is not null then registered_at
            when held_at <= _first_loaded_at then held_at
            else _first_loaded_at
        end as signed_up_at,
        case
            when registered_at is not null then registered_at_precision
            when held_at <= _first_loaded_at then held_at_precision
            else 'second'
        end as signed_up_at_precision,
        campaign,
        campaign_key,
        _first_loaded_at as first_loaded_at,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
