with versions as (

    {{ latest_versions('raw_files', 'leads', ['lead_id']) }}

),

renamed as (

    select
        lead_id,
        full_name,
        email,
        phone,
        company_name,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
