-- Fails if closed deals or invoices are worth more or less in the marts than the sources say, to the cent.
{{ config(meta={'dagster': {'ref': {'name': 'fct_opportunities'}}}) }}

-- What needs no exchange rate has the same amount all the way.
with closed_deals as (

    select
        sum(opportunities.amount_local) as amount_in,
        sum(deals.current_amount) as amount_out
    from {{ ref('opportunities') }} as opportunities
    inner join {{ ref('fct_opportunities') }} as deals on opportunities.opportunity_id = deals.opportunity_id
    where
        deals.is_closed
        and not opportunities.is_deleted
        and opportunities.amount_local is not null
        and opportunities.currency = {{ setting('reporting_currency') }}

),

invoices_in as (

    select sum(amount_local) as amount_in
    from {{ ref('customer_revenue') }}
    where
        not is_deleted
        and coalesce(currency, {{ setting('reporting_currency') }}) = {{ setting('reporting_currency') }}

),

invoices_out as (

    select sum(revenue_amount) as amount_out
    from {{ ref('int_customer_revenue_valued') }}
    where revenue_currency = {{ setting('reporting_currency') }}

),

all_invoices as (

    select sum(revenue_amount) as amount_in
    from {{ ref('int_customer_revenue_valued') }}

),

measured as (

    select sum(amount) as amount_out
    from {{ ref('int_kpi_measures') }}
    where
        measure = 'revenue_to_date'
        and month_start_date = (
            select max(month_start_date) from {{ ref('int_kpi_measures') }}
            where measure = 'revenue_to_date'
        )

),

compared as (

    select 'closed deals' as money, amount_in, amount_out from closed_deals
    union all
    select 'invoices' as money, amount_in, amount_out from invoices_in cross join invoices_out
    union all
    select 'revenue so far' as money, amount_in, amount_out from all_invoices cross join measured

)

select * from compared
where {{ money_differs('amount_in', 'amount_out') }}
