with versions as (

    {{ latest_versions('raw_files', 'opportunities', ['opportunity_id']) }}

),

renamed as (

    select
        opportunity_id,
        account_id,
        owner_id,
        product,
        opportunity_type,
        created_at,
        created_at_precision,
        expected_close_date,
        closed_at,
        closed_at_precision,
        is_won,
        is_closed,
        amount_local,
        currency,
        lost_reason,
        stage,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
