with recognitions as (

    select * from {{ ref('stg_google_analytics__recognitions') }}
    where visitor_id is not null

),

renamed as (

    select
        visitor_id,
        lead_id,
        min(occurred_at) as linked_at,
        'google_analytics' as source,
        max(loaded_at) as loaded_at,
        min(cast(is_deleted as int)) = 1 as is_deleted
    from recognitions
    group by visitor_id, lead_id

)

select * from renamed
