with months as (

    select distinct month_start_date
    from {{ ref('dim_dates') }}
    where month_start_date <= cast({{ to_local(as_of()) }} as date)

),

revenue as (

    select
        {{ month_start('invoices.revenue_date') }} as month_start_date,
        invoices.account_id,
        invoices.revenue_amount,
        invoices.revenue_amount * coalesce(
            invoices.margin_rate, margins_of_products.margin_rate, margins_of_others.margin_rate
        ) as margin_amount
    from {{ ref('int_customer_revenue_valued') }} as invoices
    left join {{ ref('product_margins') }} as margins_of_products
        on
            invoices.product = margins_of_products.product
            and {{ is_valid_on('margins_of_products', 'invoices.revenue_date') }}
    left join {{ ref('product_margins') }} as margins_of_others
        on margins_of_others.product is null and {{ is_valid_on('margins_of_others', 'invoices.revenue_date') }}

),

-- Whoever ever paid is a customer from that month on.
customers as (

    select account_id, min(month_start_date) as month_start_date
    from revenue
    where revenue_amount > 0
    group by account_id

),

churned as (

    select accounts.account_id, {{ month_start(local_date('accounts.churned_at')) }} as month_start_date
    from {{ ref('accounts') }} as accounts
    inner join customers on accounts.account_id = customers.account_id
    where accounts.churned_at is not null and not accounts.is_deleted

),

open_deals as (

    select
        {{ month_start('cast(' ~ to_local(as_of()) ~ ' as date)') }} as month_start_date,
        opportunities.current_amount,
        opportunities.expected_amount,
        {{ named(['channel', 'campaign_id', 'persona', 'segment', 'product'], 'opportunities') }},
        coalesce(leads.country, '(none)') as country
    from {{ ref('fct_opportunities') }} as opportunities
    left join {{ ref('int_leads_described') }} as leads on opportunities.primary_lead_id = leads.lead_id
    where not opportunities.is_closed

),

happened as (

    select month_start_date, 'revenue_to_date' as measure, revenue_amount as amount from revenue
    union all
    select month_start_date, 'margin_to_date', margin_amount from revenue
    union all
    select month_start_date, 'customers_to_date', 1.0 from customers
    union all
    select month_start_date, 'churned_to_date', 1.0 from churned

),

so_far as (

    select
        months.month_start_date,
        happened.measure,
        happened.amount
    from months
    inner join happened on months.month_start_date >= happened.month_start_date

),

measured as (

    {% for measure in ['revenue_to_date', 'margin_to_date', 'customers_to_date', 'churned_to_date'] -%}
    {{ measures_of('so_far', [(measure, "measure = '" ~ measure ~ "'", 'amount')]) }}
    union all
    {%- endfor %}
    {{ measures_of('open_deals', [
        ('open_pipeline', 'true', 'current_amount'),
        ('expected_open_pipeline', 'true', 'expected_amount'),
    ], ['channel', 'campaign_id', 'persona', 'segment', 'product', 'country']) }}

)

select * from measured
