-- Fails if the sources report other deals or invoices, or other amounts of them, than are united, to the cent.
{{ config(meta={'dagster': {'ref': {'name': 'opportunities'}}}) }}

{%- set money_of = {
    'opportunities': ('created_at', 'timestamp'),
    'customer_revenue': ('revenue_date', 'date'),
} %}

with
{%- for entity, (happened, data_type) in money_of.items() %}

supplied_{{ entity }} as (
    {{ union_sources(entity, {
        'source': 'string', 'currency': 'string', 'amount_local': 'double', 'is_deleted': 'boolean', happened: data_type,
    }) }}
),
{%- endfor %}

all_rows as (
    {% for entity, (happened, data_type) in money_of.items() %}
    select
        '{{ entity }}' as entity, source, currency, amount_local as amount_in, 0 as amount_out, 1 as rows_in,
        0 as rows_out
    from supplied_{{ entity }}
    where not is_deleted and ({{ happened }} <= {{ as_of() }} or {{ happened }} is null)
    union all
    select '{{ entity }}' as entity, source, currency, 0, amount_local, 0 as rows_in, 1 as rows_out
    from {{ ref(entity) }}
    where not is_deleted
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

balanced as (

    select
        entity,
        source,
        currency,
        sum(rows_in) as rows_in,
        sum(rows_out) as rows_out,
        sum(amount_in) as amount_in,
        sum(amount_out) as amount_out
    from all_rows
    group by entity, source, currency

)

select * from balanced
where rows_in != rows_out or {{ money_differs('amount_in', 'amount_out') }}
