with opportunities as (

    select * from {{ ref('int_opportunities_described') }}
    where is_won

),

invoices as (

    select * from {{ ref('int_customer_revenue_valued') }}
    where opportunity_id is not null and margin_rate is not null

),

product_margins as (

    select * from {{ ref('product_margins') }}

),

-- Invoices that cancel out say nothing about a margin.
margins_of_invoices as (

    select
        opportunity_id,
        {{ exact_sum('revenue_amount * margin_rate', 9) }} / {{ exact_sum('revenue_amount', 9) }} as margin_rate
    from invoices
    group by opportunity_id
    having {{ exact_sum('revenue_amount', 9) }} > 0

),

opportunities_margined as (

    select
        opportunities.opportunity_id,
        coalesce(
            margins_of_invoices.margin_rate,
            margins_of_products.margin_rate,
            margins_of_others.margin_rate
        ) as margin_rate,
        case
            when margins_of_invoices.margin_rate is not null then 'invoice'
            when margins_of_products.margin_rate is not null or margins_of_others.margin_rate is not null then 'product'
            else 'none'
        end as margin_basis
    from opportunities
    left join margins_of_invoices on opportunities.opportunity_id = margins_of_invoices.opportunity_id
    left join product_margins as margins_of_products
        on
            opportunities.product = margins_of_products.product
            and {{ is_valid_on('margins_of_products', 'opportunities.closed_date') }}
    left join product_margins as margins_of_others
        on
            margins_of_others.product is null
            and {{ is_valid_on('margins_of_others', 'opportunities.closed_date') }}

)

select * from opportunities_margined
