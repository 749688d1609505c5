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
        -- The way ends here, or goes on along the other track.
        coalesce(
            stage_role in ('won', 'lost', 'disqualified') or (track = 'lead' and stage_role = 'opportunity'), false
        ) as is_final,
        owner_team,
        stuck_after_days,
        definition
    from stages

)

select * from described
