with versions as (

    {{ latest_versions('raw_hubspot', 'owners', ['id']) }}

),

renamed as (

    select
        'hubspot:' || id as user_id,
        nullif(trim(concat(coalesce(first_name, ''), ' ', coalesce(last_name, ''))), '') as user_name,
        primary_team as team,
        cast(null as string) as region,
        cast(null as string) as calendar,
        not archived as is_active,
        cast(null as bigint) as capacity_per_week,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
