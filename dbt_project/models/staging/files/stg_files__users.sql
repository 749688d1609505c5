with versions as (

    {{ latest_versions('raw_files', 'users', ['user_id']) }}

),

renamed as (

    select
        user_id,
        user_name,
        team,
        region,
        calendar,
        is_active,
        capacity_per_week,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
