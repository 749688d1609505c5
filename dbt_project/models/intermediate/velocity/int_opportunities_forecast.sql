with opportunities as (

    select * from {{ ref('int_opportunities_described') }}
    where not is_closed

),

visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'opportunity' and is_current

),

curves as (

    select * from {{ ref('int_opportunity_outcomes') }}

),

peers as (

    select peer_basis, peer_stage, peer_segment, max(closed_count) as closed_count
    from curves
    group by peer_basis, peer_stage, peer_segment

),

open_deals as (

    select
        opportunities.opportunity_id,
        opportunities.segment,
        visits.stage,
        visits.age_days as stage_age_days,
        case when not visits.is_left_truncated then visits.age_days end as known_stage_age_days,
        {{ days_between('opportunities.created_at', as_of()) }} as age_days
    from opportunities
    left join visits on opportunities.opportunity_id = visits.entity_id

),

-- The nearest peers of whom enough have closed: same stage and segment, same stage, same segment since creation, all.
peers_ranked as (

    select
        open_deals.opportunity_id,
        peers.peer_basis,
        peers.peer_stage,
        peers.peer_segment,
        peers.closed_count,
        case
            when peers.peer_basis = 'stage' then open_deals.known_stage_age_days
            else open_deals.age_days
        end as age_days,
        row_number() over (
            partition by open_deals.opportunity_id
            order by
                case peers.peer_basis when 'stage' then 0 else 1 end,
                case when peers.peer_segment = '(all)' then 1 else 0 end
        ) as peer_rank
    from open_deals
    inner join peers
        on
            peers.peer_segment in (coalesce(open_deals.segment, '(all)'), '(all)')
            and peers.closed_count >= {{ setting('least_closed_count', 'bigint') }}
            and (
                (
                    peers.peer_basis = 'stage'
                    and peers.peer_stage = open_deals.stage
                    and open_deals.known_stage_age_days >= 0
                )
                or (peers.peer_basis = 'creation' and open_deals.age_days >= 0)
            )

),

peers_chosen as (

    select * from peers_ranked
    where peer_rank = 1

),

-- Reading a curve at the age of each deal: the last point at or before it. Survival only falls, incidence only rises.
points as (

    select
        cast(null as string) as opportunity_id, peer_basis, peer_stage, peer_segment, duration_days, survival,
        won_incidence, final_won_incidence, 0 as point_order
    from curves
    union all
    select opportunity_id, peer_basis, peer_stage, peer_segment, age_days, null, null, null, 1
    from peers_chosen

),

points_read as (

    select
        opportunity_id,
        peer_basis,
        peer_stage,
        peer_segment,
        duration_days,
        coalesce(min(survival) over up_to_here, 1.0) as survival,
        coalesce(max(won_incidence) over up_to_here, 0.0) as won_incidence,
        max(final_won_incidence) over (partition by peer_basis, peer_stage, peer_segment) as final_won_incidence
    from points
    window
        up_to_here as (
            partition by peer_basis, peer_stage, peer_segment order by duration_days, point_order
            rows between unbounded preceding and current row
        )

),

chances as (

    select
        *,
        -- Where all that are left will be won, the two differences are equal but for rounding.
        case
            when survival > 0 then least((final_won_incidence - won_incidence) / survival, 1.0) else 0.0
        end as win_probability,
        won_incidence + (final_won_incidence - won_incidence) / 2 as median_incidence
    from points_read
    where opportunity_id is not null

),

-- By when half of those that will be won are won: the first point of the curve at or above that incidence.
incidences as (

    select
        cast(null as string) as opportunity_id, peer_basis, peer_stage, peer_segment,
        won_incidence as incidence, duration_days, 1 as point_order
    from curves
    union all
    select opportunity_id, peer_basis, peer_stage, peer_segment, median_incidence - 1e-12, null, 0
    from chances
    where final_won_incidence > won_incidence

),

incidences_read as (

    select
        opportunity_id,
        min(duration_days) over (
            partition by peer_basis, peer_stage, peer_segment order by incidence, point_order
            rows between current row and unbounded following
        ) as won_by_days
    from incidences

),

forecast as (

    select
        open_deals.opportunity_id,
        open_deals.stage_age_days,
        open_deals.known_stage_age_days,
        chances.win_probability,
        incidences_read.won_by_days - peers_chosen.age_days as expected_days,
        peers_chosen.peer_basis || case when peers_chosen.peer_segment = '(all)' then '' else '_and_segment' end
            as peer_basis,
        peers_chosen.closed_count as peer_closed_count
    from open_deals
    left join peers_chosen on open_deals.opportunity_id = peers_chosen.opportunity_id
    left join chances on open_deals.opportunity_id = chances.opportunity_id
    left join incidences_read on open_deals.opportunity_id = incidences_read.opportunity_id

)

select * from forecast
