-- Fails if a deal that is not won has won money, or a won deal's is not its current amount.
{{ config(meta={'dagster': {'ref': {'name': 'fct_opportunities'}}}) }}

with won_amounts as (

    select
        opportunity_id,
        is_won,
        won_amount,
        case when is_won then current_amount end as expected_amount
    from {{ ref('fct_opportunities') }}

)

select * from won_amounts
where won_amount is distinct from expected_amount
