with accounts as (

    select * from {{ ref('accounts') }}
    where not is_deleted

),

won_opportunities as (

    select account_id, min(closed_at) as first_won_at
    from {{ ref('int_opportunities_dated') }}
    where is_won
    group by account_id

),

described as (

    select
        accounts.account_id,
        accounts.account_name,
        accounts.domain,
        accounts.industry,
        accounts.employee_count,
        accounts.annual_revenue_amount,
        accounts.country,
        accounts.region,
        accounts.segment,
        accounts.churned_at,
        won_opportunities.first_won_at,
        won_opportunities.account_id is not null as is_customer
    from accounts
    left join won_opportunities on accounts.account_id = won_opportunities.account_id

)

select * from described
