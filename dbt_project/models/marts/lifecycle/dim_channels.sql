with channels as (

    select * from {{ ref('channels') }}

),

described as (

    select
        channel,
        channel_label,
        channel_group,
        is_paid,
        is_marketing,
        is_direct,
        is_sales
    from channels

)

select * from described
