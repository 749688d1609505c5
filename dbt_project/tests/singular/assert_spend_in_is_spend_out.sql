-- Fails if the sources report other spend of a day, in a currency, than the marts hold.
{{ config(meta={'dagster': {'ref': {'name': 'fct_campaign_performance_daily'}}}) }}

with supplied as (
    {{ union_sources('campaign_spend_daily', {
        'date': 'date', 'currency': 'string', 'cost_amount_local': 'double', 'is_deleted': 'boolean',
    }) }}
),

spend_in as (

    select
        date,
        coalesce(currency, {{ setting('reporting_currency') }}) as currency,
        sum(cost_amount_local) as amount_in
    from supplied
    where not is_deleted and date <= {{ as_of() }}
    group by date, coalesce(currency, {{ setting('reporting_currency') }})

),

-- Days of a campaign in two currencies have no one amount, and are compared by their parts.
spend_out as (

    select
        date,
        currency,
        sum(cost_amount_local) as amount_out
    from (
        select date, currency, cost_amount_local
        from {{ ref('fct_campaign_performance_daily') }}
        where currency is not null
        union all
        select valued.date, valued.currency, valued.cost_amount_local
        from {{ ref('int_campaign_spend_valued') }} as valued
        inner join {{ ref('fct_campaign_performance_daily') }} as performance
            on
                valued.campaign_id = performance.campaign_id
                and valued.date = performance.date
                and performance.currency is null
    ) as parts
    group by date, currency

),

compared as (

    select
        coalesce(spend_in.date, spend_out.date) as date,
        coalesce(spend_in.currency, spend_out.currency) as currency,
        spend_in.amount_in,
        spend_out.amount_out
    from spend_in
    full outer join spend_out on spend_in.date = spend_out.date and spend_in.currency = spend_out.currency

)

select * from compared
where {{ money_differs('amount_in', 'amount_out') }}
