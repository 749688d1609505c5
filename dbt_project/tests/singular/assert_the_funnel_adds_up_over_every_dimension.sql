-- Fails if, at a step, the values of a dimension do not add up to the funnel's total in leads, deals or money.
{{ config(meta={'dagster': {'ref': {'name': 'funnel'}}}) }}

with totals as (

    select * from {{ ref('funnel') }}()

),

parts as (

    {% for dimension in ['channel', 'campaign', 'persona', 'segment', 'product', 'month'] -%}
    select '{{ dimension }}' as dimension, * from {{ ref('funnel') }}(group_by := '{{ dimension }}')
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

sums as (

    select
        dimension,
        stage_order,
        sum(lead_count) as lead_count,
        sum(opportunity_count) as opportunity_count,
        sum(amount) as amount
    from parts
    group by dimension, stage_order

),

compared as (

    select
        sums.dimension,
        totals.stage,
        totals.lead_count,
        sums.lead_count as summed_lead_count,
        totals.opportunity_count,
        sums.opportunity_count as summed_opportunity_count,
        totals.amount,
        sums.amount as summed_amount
    from totals
    full outer join sums on totals.stage_order = sums.stage_order

)

select * from compared
where
    lead_count is distinct from summed_lead_count
    or opportunity_count is distinct from summed_opportunity_count
    or {{ money_differs('amount', 'summed_amount') }}
    or (amount is null) != (summed_amount is null)
