with versions as (

    {{ latest_of_files('raw_spreadsheets', 'cold_emails', ['sequence_key', 'email', 'sent_at']) }}

),

renamed as (

    select
        'spreadsheets:' || email_key as lead_id,
        email_key,
        email_domain,
        email,
        company_name,
        sequence,
        sequence_key,
        sent_at,
        sent_at_precision,
        opened_at,
        opened_at_precision,
        clicked_at,
        clicked_at_precision,
        replied_at,
        replied_at_precision,
        outcome,
        _first_loaded_at as first_loaded_at,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
