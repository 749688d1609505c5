-- Fails if what is stated per month is neither among the costs nor has given way to what campaigns spent.
{{ config(meta={'dagster': {'ref': {'name': 'fct_costs'}}}) }}

with stated as (

    select
        sum(costs.amount_local) as amount_in,
        count(*) as row_count
    from {{ ref('costs_monthly') }} as costs
    where not costs.is_deleted

),

valued as (

    select
        sum(cost_amount_local) as amount_valued,
        count(*) as row_count,
        sum(case when not gives_way and not is_rate_missing then cost_amount else 0 end) as amount_kept
    from {{ ref('int_monthly_costs_valued') }}

),

unknown_costs as (

    select sum(monthly_costs.cost_amount) as amount_unknown
    from {{ ref('int_monthly_costs_valued') }} as monthly_costs
    inner join {{ ref('fct_costs') }} as costs
        on
            monthly_costs.month_start_date = costs.cost_date
            and monthly_costs.cost_type = costs.cost_type
            and monthly_costs.team = costs.team
            and coalesce(monthly_costs.phase, '') = coalesce(costs.phase, '')
            and coalesce(monthly_costs.product, '') = coalesce(costs.product, '')
    where costs.is_rate_missing and costs.allocation_rule = 'month' and not monthly_costs.gives_way

),

costs as (

    select sum(cost_amount) as amount_out from {{ ref('fct_costs') }}
    where allocation_rule = 'month'

),

compared as (

    select
        stated.amount_in,
        valued.amount_valued,
        stated.row_count as rows_in,
        valued.row_count as rows_valued,
        valued.amount_kept,
        coalesce(costs.amount_out, 0) + coalesce(unknown_costs.amount_unknown, 0) as amount_out
    from stated
    cross join valued
    cross join unknown_costs
    cross join costs

)

select * from compared
where
    rows_in != rows_valued
    or {{ money_differs('amount_in', 'amount_valued') }}
    or {{ money_differs('amount_kept', 'amount_out') }}
