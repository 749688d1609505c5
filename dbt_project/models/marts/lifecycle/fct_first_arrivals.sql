with stages as (

    select stage_order, min_by(stage, track) as stage
    from {{ ref('dim_stages') }}
    where stage_order > 0
    group by stage_order

),

stages_in_order as (

    select
        stage_order,
        stage,
        lead(stage_order) over (order by stage_order) as next_stage_order,
        lead(stage) over (order by stage_order) as next_stage
    from stages

),

won as (

    select min(stage_order) as stage_order
    from {{ ref('dim_stages') }}
    where stage_role = 'won'

),

opening as (

    select min(stage_order) as stage_order
    from {{ ref('dim_stages') }}
    where track = 'opportunity' and stage_order > 0

),

own_deals as (

    select * from {{ ref('fct_opportunities') }}
    where {{ is_own_deal('primary_lead_rule') }}

),

arrivals as (

    select
        lead_id, stage_order, 1 as track_order, entered_at, entered_date, channel, campaign_id, persona, segment,
        product
    from {{ ref('fct_lead_stage_visits') }}
    where entered_at is not null
    union all
    select
        own_deals.primary_lead_id as lead_id, visits.stage_order, 2 as track_order, visits.entered_at,
        visits.entered_date, visits.channel, visits.campaign_id, visits.persona, visits.segment, visits.product
    from {{ ref('fct_opportunity_stage_visits') }} as visits
    inner join own_deals on visits.opportunity_id = own_deals.opportunity_id
    where visits.entered_at is not null

),

-- What was known of the lead at its first arrival there or beyond.
arrivals_numbered as (

    select
        stages_in_order.stage,
        stages_in_order.stage_order,
        stages_in_order.next_stage,
        stages_in_order.next_stage_order,
        arrivals.lead_id,
        arrivals.entered_at as arrived_at,
        arrivals.entered_date as arrived_date,
        arrivals.channel,
        arrivals.campaign_id,
        arrivals.persona,
        arrivals.segment,
        arrivals.product,
        row_number() over (
            partition by arrivals.lead_id, stages_in_order.stage_order
            order by arrivals.entered_at, arrivals.stage_order, arrivals.track_order
        ) as arrival_number
    from arrivals
    inner join stages_in_order on arrivals.stage_order >= stages_in_order.stage_order

),

first_arrivals as (

    select * from arrivals_numbered
    where arrival_number = 1

),

-- Any deal has been opened, whatever became of it.
deals_of_arrivals as (

    select
        first_arrivals.lead_id,
        first_arrivals.stage_order,
        case
            when first_arrivals.stage_order = won.stage_order then own_deals.won_amount
            else own_deals.pipeline_amount
        end as amount
    from first_arrivals
    inner join own_deals on first_arrivals.lead_id = own_deals.primary_lead_id
    cross join opening
    cross join won
    where greatest(own_deals.furthest_stage_order, opening.stage_order) >= first_arrivals.stage_order

),

amounts as (

    select
        lead_id,
        stage_order,
        {{ exact_sum('amount') }} as deal_amount
    from deals_of_arrivals
    group by lead_id, stage_order

),

followed as (

    select
        first_arrivals.lead_id,
        first_arrivals.stage,
        first_arrivals.stage_order,
        first_arrivals.arrived_at,
        first_arrivals.arrived_date,
        first_arrivals.next_stage,
        first_arrivals.next_stage_order,
        arrivals_next.arrived_at as next_arrived_at,
        amounts.deal_amount,
        first_arrivals.channel,
        first_arrivals.campaign_id,
        first_arrivals.persona,
        first_arrivals.segment,
        first_arrivals.product
    from first_arrivals
    left join first_arrivals as arrivals_next
        on
            first_arrivals.lead_id = arrivals_next.lead_id
            and first_arrivals.next_stage_order = arrivals_next.stage_order
    left join amounts
        on first_arrivals.lead_id = amounts.lead_id and first_arrivals.stage_order = amounts.stage_order

)

select * from followed
