with versions as (

    {{ latest_versions('raw_marketo', 'leads', ['id']) }}

),

renamed as (

    select
        'marketo:' || cast(id as string) as lead_id,
        nullif(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '') as full_name,
        email,
        phone,
        company as company_name,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
