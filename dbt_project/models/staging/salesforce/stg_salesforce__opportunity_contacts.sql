with versions as (

    {{ latest_versions('raw_salesforce', 'opportunity_contact_roles', ['id']) }}

),

-- Somebody with several roles is on the deal once.
ranked as (

    select
        *,
        row_number() over (
            partition by opportunity_id, contact_id order by _is_deleted asc, is_primary desc, created_date asc, id asc
        ) as role_rank
    from versions

),

renamed as (

    select
        'salesforce:' || opportunity_id as opportunity_id,
        'salesforce:' || contact_id as lead_id,
        role,
        is_primary,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from ranked
    where role_rank = 1

)

select * from renamed
