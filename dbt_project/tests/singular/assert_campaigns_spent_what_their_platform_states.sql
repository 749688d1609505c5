-- Fails if campaigns spent more or less in a month than their platform itself states for its accounts as a whole.
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'campaign_spend_daily'}}}) }}

with stated_days as (
    {{ union_sources('stated_spend_daily', {
        'source': 'string', 'date': 'date', 'currency': 'string', 'cost_amount_local': 'double', 'is_deleted': 'boolean',
    }) }}
),

-- The last day goes on while its figures are read, one after the other.
stated_spans as (

    select
        source,
        min(date) as first_date,
        max(date) as running_date
    from stated_days
    group by source

),

all_rows as (

    select source, date, currency, cost_amount_local as stated_amount, 0 as spent_amount
    from stated_days
    where not is_deleted
    union all
    select source, date, currency, 0 as stated_amount, cost_amount_local as spent_amount
    from {{ ref('campaign_spend_daily') }}
    where not is_deleted

),

monthly as (

    select
        all_rows.source,
        all_rows.currency,
        {{ month_start('all_rows.date') }} as month_start_date,
        sum(all_rows.stated_amount) as stated_amount,
        sum(all_rows.spent_amount) as spent_amount
    from all_rows
    inner join stated_spans
        on
            all_rows.source = stated_spans.source
            and all_rows.date >= stated_spans.first_date
            and all_rows.date < stated_spans.running_date
    group by all_rows.source, all_rows.currency, {{ month_start('all_rows.date') }}

)

select * from monthly
where
    {{ money_differs('spent_amount', 'stated_amount') }}
    and abs(spent_amount - stated_amount) > stated_amount * {{ setting('most_spend_difference_rate', 'double') }}
