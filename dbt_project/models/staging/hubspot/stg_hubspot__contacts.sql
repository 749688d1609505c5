with versions as (

    {{ latest_versions('raw_hubspot', 'contacts', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as lead_id,
        nullif(trim(concat(coalesce(firstname, ''), ' ', coalesce(lastname, ''))), '') as full_name,
        email,
        phone,
        company as company_name,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
