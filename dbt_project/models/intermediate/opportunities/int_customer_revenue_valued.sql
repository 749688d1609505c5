with invoices as (

    select
        *,
        coalesce(currency, {{ setting('reporting_currency') }}) as revenue_currency
    from {{ ref('customer_revenue') }}
    where not is_deleted

),

rates as (

    {{ dated_rates() }}

),

valued as (

    select
        invoices.account_id,
        invoices.opportunity_id,
        invoices.revenue_date,
        invoices.product,
        invoices.source,
        invoices.currency,
        invoices.revenue_currency,
        invoices.gross_margin_rate as margin_rate,
        {{ converted('invoices.amount_local', 'invoices.revenue_currency', 'rates') }} as revenue_amount,
        {{ is_rate_missing('invoices.revenue_currency', 'rates') }} as is_rate_missing
    from invoices
    {{ join_rate('rates', 'invoices.revenue_currency', 'invoices.revenue_date') }}

)

select * from valued
