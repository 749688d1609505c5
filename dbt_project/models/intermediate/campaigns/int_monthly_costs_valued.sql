with costs as (

    select
        *,
        coalesce(currency, {{ setting('reporting_currency') }}) as cost_currency
    from {{ ref('costs_monthly') }}
    where not is_deleted

),

months_with_spend as (

    select distinct {{ month_start('date') }} as month_start_date
    from {{ ref('int_campaign_spend_valued') }}
    where cost_amount_local != 0

),

rates as (

    {{ dated_rates() }}

),

valued as (

    select
        costs.month_start_date,
        costs.team,
        costs.cost_type,
        costs.phase,
        costs.product,
        costs.cost_currency as currency,
        costs.source,
        costs.amount_local as cost_amount_local,
        case
            when costs.amount_local = 0 then 0.0
            else {{ converted('costs.amount_local', 'costs.cost_currency', 'rates') }}
        end as cost_amount,
        costs.amount_local != 0 and {{ is_rate_missing('costs.cost_currency', 'rates') }} as is_rate_missing,
        -- What the campaigns of a month cost is known day by day; the month's statement of the same money steps aside.
        costs.cost_type = 'media' and months_with_spend.month_start_date is not null as gives_way
    from costs
    {{ join_rate('rates', 'costs.cost_currency', 'costs.month_start_date') }}
    left join months_with_spend
        on {{ month_start('costs.month_start_date') }} = months_with_spend.month_start_date

)

select * from valued
