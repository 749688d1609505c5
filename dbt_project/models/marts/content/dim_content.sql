with content as (

    select * from {{ ref('content') }}
    where not is_deleted

),

described as (

    select
        content_id,
        coalesce(content_name, content_id) as content_name,
        content_type,
        topic,
        funnel_phase
    from content

)

select * from described
