with stages as (

    select * from {{ ref('lifecycle_stages') }}

),

described as (

    select
        track,
        stage,
        stage_label,
        stage_order,
        stage_role,
        owner_team,
        stuck_after_days,
        definition
    from stages

)

select * from described
