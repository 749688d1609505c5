with opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

forecasts as (

    select * from {{ ref('int_opportunities_forecast') }}

),

peers as (

    select * from {{ ref('fct_stage_peers') }}
    where track = 'opportunity'

),

forecast as (

    select
        opportunities.*,
        forecasts.stage_age_days,
        coalesce(forecasts.known_stage_age_days > peers.limit_days, false) as is_stuck,
        case
            when opportunities.is_won then 1.0
            when opportunities.is_closed then 0.0
            else forecasts.win_probability
        end as win_probability,
        forecasts.expected_days,
        case
            when opportunities.is_won then opportunities.won_amount
            when opportunities.is_closed then 0.0
            else opportunities.current_amount * forecasts.win_probability
        end as expected_amount,
        forecasts.peer_basis as forecast_basis,
        forecasts.peer_closed_count as forecast_closed_count
    from opportunities
    left join forecasts on opportunities.opportunity_id = forecasts.opportunity_id
    left join peers
        on opportunities.stage = peers.stage and coalesce(opportunities.segment, '(all)') = peers.segment

)

select * from forecast
