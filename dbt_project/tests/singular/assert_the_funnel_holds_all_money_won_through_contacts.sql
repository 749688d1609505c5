-- Fails if the funnel's money at its last step is not what all deals with a contact have won.
{{ config(meta={'dagster': {'ref': {'name': 'funnel'}}}) }}

with won_in_funnel as (

    select coalesce(sum(funnel.amount), 0) as amount
    from {{ ref('funnel') }}() as funnel
    inner join {{ ref('dim_stages') }} as stages
        on stages.track = 'opportunity' and funnel.stage_order = stages.stage_order and stages.stage_role = 'won'

),

won_by_deals as (

    select coalesce(sum(won_amount), 0) as amount
    from {{ ref('fct_opportunities') }}
    where {{ is_own_deal('primary_lead_rule') }}

)

select
    won_in_funnel.amount as funnel_amount,
    won_by_deals.amount as deal_amount
from won_in_funnel
cross join won_by_deals
where {{ money_differs('won_in_funnel.amount', 'won_by_deals.amount') }}
