-- Fails if what campaigns spent in a month is not what the costs hold of it.
{{ config(meta={'dagster': {'ref': {'name': 'fct_costs'}}}) }}

with spent as (

    select {{ month_start('date') }} as month_start_date, sum(cost_amount) as amount_in
    from {{ ref('int_campaign_spend_valued') }}
    group by {{ month_start('date') }}

),

-- A day of a campaign that is partly unknown is unknown in the costs; its known part is looked up.
unknown_days as (

    select {{ month_start('spend.date') }} as month_start_date, sum(spend.cost_amount) as amount_unknown
    from {{ ref('int_campaign_spend_valued') }} as spend
    inner join {{ ref('fct_costs') }} as costs
        on spend.campaign_id = costs.campaign_id and spend.date = costs.cost_date and costs.is_rate_missing
    group by {{ month_start('spend.date') }}

),

costs as (

    select month_start_date, sum(cost_amount) as amount_out
    from {{ ref('fct_costs') }}
    where allocation_rule != 'month'
    group by month_start_date

),

compared as (

    select
        coalesce(spent.month_start_date, costs.month_start_date) as month_start_date,
        coalesce(spent.amount_in, 0) as amount_in,
        coalesce(costs.amount_out, 0) + coalesce(unknown_days.amount_unknown, 0) as amount_out
    from spent
    full outer join costs on spent.month_start_date = costs.month_start_date
    left join unknown_days on spent.month_start_date = unknown_days.month_start_date

)

select * from compared
where {{ money_differs('amount_in', 'amount_out') }}
