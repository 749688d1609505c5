with stays_of_all as (

    select * from {{ ref('int_opportunity_stays') }}

),

stays as (

    select peer_basis, peer_stage, '(all)' as peer_segment, duration_days, exit_class
    from stays_of_all
    union all
    select peer_basis, peer_stage, segment as peer_segment, duration_days, exit_class
    from stays_of_all
    where segment is not null

),

{{ aalen_johansen('stays', ['peer_basis', 'peer_stage', 'peer_segment']) }},

closed_counts as (

    select peer_basis, peer_stage, peer_segment, count(exit_class) as closed_count
    from stays
    group by peer_basis, peer_stage, peer_segment

),

won as (

    select
        curve.peer_basis,
        curve.peer_stage,
        curve.peer_segment,
        curve.duration_days,
        curve.survival,
        coalesce(incidence_curves.incidence, 0.0) as won_incidence,
        max(coalesce(incidence_curves.incidence, 0.0)) over (
            partition by curve.peer_basis, curve.peer_stage, curve.peer_segment
        ) as final_won_incidence,
        closed_counts.closed_count
    from curve
    inner join closed_counts
        on
            curve.peer_basis = closed_counts.peer_basis
            and curve.peer_stage = closed_counts.peer_stage
            and curve.peer_segment = closed_counts.peer_segment
    left join incidence_curves
        on
            curve.peer_basis = incidence_curves.peer_basis
            and curve.peer_stage = incidence_curves.peer_stage
            and curve.peer_segment = incidence_curves.peer_segment
            and curve.duration_days = incidence_curves.duration_days
            and incidence_curves.exit_class = 'won'
    where curve.exited_count > 0

)

select * from won
