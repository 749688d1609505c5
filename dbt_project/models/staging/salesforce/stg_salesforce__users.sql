with users as (

    {{ latest_versions('raw_salesforce', 'users', ['id']) }}

),

roles as (

    {{ latest_versions('raw_salesforce', 'user_roles', ['id']) }}

),

-- Other users are machines, partners and customers.
renamed as (

    select
        'salesforce:' || users.id as user_id,
        users.name as user_name,
        coalesce(users.department, roles.name, users.title) as team,
        users.division as region,
        users.country as calendar,
        users.is_active,
        {{ mapped_field('salesforce', 'users', 'capacity_per_week', 'bigint', relation='users') }} as capacity_per_week,
        'salesforce' as source,
        users._loaded_at as loaded_at,
        users._is_deleted as is_deleted
    from users
    left join roles on users.user_role_id = roles.id
    where users.user_type = 'Standard'

)

select * from renamed
