-- Fails if, for a channel and step, the funnel's leads, deals or money are not those of the marts it reads.
{{ config(meta={'dagster': {'ref': {'name': 'funnel'}}}) }}

with funnel as (

    select * from {{ ref('funnel') }}(group_by := 'channel')

),

steps as (

    select stage_order, max(track) as track, max(case when stage_role = 'won' then 1 else 0 end) as is_won_step
    from {{ ref('dim_stages') }}
    where stage_order > 0
    group by stage_order

),

leads as (

    select lead_id, channel, furthest_stage_order
    from {{ ref('dim_leads') }}

),

opportunities as (

    select *
    from {{ ref('fct_opportunities') }}
    where {{ is_own_deal('primary_lead_rule') }}

),

leads_counted as (

    select
        leads.channel,
        steps.stage_order,
        steps.track,
        sum(case when leads.furthest_stage_order >= steps.stage_order then 1 else 0 end) as lead_count
    from leads
    cross join steps
    group by leads.channel, steps.stage_order, steps.track

),

opportunities_counted as (

    select
        opportunities.channel,
        steps.stage_order,
        count(*) as opportunity_count,
        sum(
            case when steps.is_won_step = 1 then opportunities.won_amount else opportunities.pipeline_amount end
        ) as amount
    from opportunities
    inner join steps
        on opportunities.furthest_stage_order >= steps.stage_order and steps.track = 'opportunity'
    group by opportunities.channel, steps.stage_order

),

expected as (

    select
        leads_counted.channel,
        leads_counted.stage_order,
        leads_counted.lead_count,
        case
            when leads_counted.track = 'opportunity' then coalesce(opportunities_counted.opportunity_count, 0)
        end as opportunity_count,
        case when leads_counted.track = 'opportunity' then coalesce(opportunities_counted.amount, 0) end as amount
    from leads_counted
    left join opportunities_counted
        on
            leads_counted.channel = opportunities_counted.channel
            and leads_counted.stage_order = opportunities_counted.stage_order

)

select
    coalesce(expected.channel, funnel.dimension_value) as channel,
    coalesce(expected.stage_order, funnel.stage_order) as stage_order,
    funnel.lead_count,
    expected.lead_count as expected_lead_count,
    funnel.opportunity_count,
    expected.opportunity_count as expected_opportunity_count,
    funnel.amount,
    expected.amount as expected_amount
from expected
full outer join funnel on expected.channel = funnel.dimension_value and expected.stage_order = funnel.stage_order
where
    expected.lead_count is distinct from funnel.lead_count
    or expected.opportunity_count is distinct from funnel.opportunity_count
    or {{ money_differs('expected.amount', 'funnel.amount') }}
    or (expected.amount is null) != (funnel.amount is null)
