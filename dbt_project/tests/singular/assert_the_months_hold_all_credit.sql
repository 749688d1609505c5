-- Fails if the months do not hold each type's conversions and money, to the cent, under each model and kind of month.
{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_monthly'}}}) }}

with months as (

    select conversion_type, attribution_model, date_basis, sum(credit) as credit, sum(amount) as amount
    from {{ ref('fct_attribution_monthly') }}
    group by conversion_type, attribution_model, date_basis

),

conversions as (

    select conversion_type, count(*) as conversion_count, sum(amount) as amount
    from {{ ref('fct_conversions') }}
    group by conversion_type

)

select
    months.*,
    conversions.conversion_count,
    conversions.amount as converted_amount
from conversions
left join months on conversions.conversion_type = months.conversion_type
where
    months.credit is null
    or abs(months.credit - conversions.conversion_count) > 1e-6
    or {{ money_differs('months.amount', 'conversions.amount') }}
