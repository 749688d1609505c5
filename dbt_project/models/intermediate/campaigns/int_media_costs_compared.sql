with stated as (

    select
        {{ month_start('month_start_date') }} as month_start_date,
        {{ exact_sum('cost_amount') }} as stated_amount,
        max(case when is_rate_missing then 1 else 0 end) = 1 as is_rate_missing
    from {{ ref('int_monthly_costs_valued') }}
    where gives_way
    group by {{ month_start('month_start_date') }}

),

spent as (

    select
        {{ month_start('date') }} as month_start_date,
        {{ exact_sum('cost_amount') }} as spent_amount,
        max(case when is_rate_missing then 1 else 0 end) = 1 as is_rate_missing
    from {{ ref('int_campaign_spend_valued') }}
    group by {{ month_start('date') }}

),

-- What is partly unknown cannot be compared.
compared as (

    select
        stated.month_start_date,
        stated.stated_amount,
        spent.spent_amount,
        case
            when not stated.is_rate_missing and not spent.is_rate_missing then stated.stated_amount - spent.spent_amount
        end
            as difference_amount
    from stated
    inner join spent on stated.month_start_date = spent.month_start_date

)

select * from compared
