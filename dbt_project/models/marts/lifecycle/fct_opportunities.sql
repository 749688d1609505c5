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
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.owner_id,
        opportunities.primary_lead_id,
        opportunities.primary_lead_rule,
        opportunities.opportunity_type,
        opportunities.created_at,
        opportunities.created_date,
        opportunities.expected_close_date,
        opportunities.closed_at,
        opportunities.closed_date,
        opportunities.stage,
        opportunities.furthest_stage_order,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.lost_reason,
        opportunities.pipeline_amount,
        opportunities.won_amount,
        opportunities.current_amount,
        opportunities.cycle_days,
        opportunities.lead_created_at,
        opportunities.lead_to_close_days,
        opportunities.is_before_lead,
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
        forecasts.peer_closed_count as forecast_closed_count,
        opportunities.channel,
        opportunities.campaign_id,
        opportunities.persona,
        opportunities.segment,
        opportunities.product
    from opportunities
    left join forecasts on opportunities.opportunity_id = forecasts.opportunity_id
    left join peers
        on opportunities.stage = peers.stage and coalesce(opportunities.segment, '(all)') = peers.segment

)

select * from forecast
