with versions as (

    {{ latest_versions('raw_hubspot', 'deal_contacts', ['deal_id', 'contact_id']) }}

),

renamed as (

    select
        'hubspot:' || deal_id as opportunity_id,
        'hubspot:' || contact_id as lead_id,
        role,
        is_primary,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
