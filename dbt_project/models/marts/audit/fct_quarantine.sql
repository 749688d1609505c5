with quarantine as (

    select * from {{ ref('quarantine') }}
    where not is_deleted

),

described as (

    select
        source,
        entity,
        file,
        line,
        record_id,
        column_name,
        reason,
        loaded_at
    from quarantine

)

select * from described
