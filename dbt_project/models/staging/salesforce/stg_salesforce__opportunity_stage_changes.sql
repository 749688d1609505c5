with versions as (

    {{ latest_versions('raw_salesforce', 'opportunity_history', ['id']) }}

),

-- A change of the probability or the date alone is recorded as well; of several in one second the last holds.
ranked as (

    select
        *,
        row_number() over (partition by opportunity_id, stage_name, created_date order by id desc) as change_rank
    from versions

),

renamed as (

    select
        'salesforce:' || opportunity_id as opportunity_id,
        stage_name as stage,
        created_date as changed_at,
        'second' as changed_at_precision,
        amount as amount_local,
        currency_iso_code as currency,
        'salesforce' as source,
        _first_loaded_at as loaded_at,
        _is_deleted or coalesce(is_deleted, false) as is_deleted
    from ranked
    where change_rank = 1

)

select * from renamed
