with history as (

    {{ latest_versions('raw_hubspot', 'contact_history', ['object_id', 'property', 'changed_at', 'sequence']) }}

),

owners as (

    select
        *,
        row_number() over (partition by object_id, value, changed_at order by sequence desc) as repeat_number
    from history
    where property = 'hubspot_owner_id' and value != ''

),

renamed as (

    select
        'hubspot:' || object_id as lead_id,
        'hubspot:' || value as owner_id,
        changed_at,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from owners
    where repeat_number = 1

)

select * from renamed
