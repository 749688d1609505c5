-- Fails if, of what was won, content does not hold the credit and money that channels do, by model and month.
{{ config(meta={'dagster': {'ref': {'name': 'fct_content_attribution_monthly'}}}) }}

with content as (

    select
        date_basis,
        attribution_model,
        month_start_date,
        content_id = 'unattributed' as is_unattributed,
        sum(credit) as credit,
        sum(amount) as amount
    from {{ ref('fct_content_attribution_monthly') }}
    group by date_basis, attribution_model, month_start_date, content_id = 'unattributed'

),

channels as (

    select
        date_basis,
        attribution_model,
        month_start_date,
        channel = 'unattributed' as is_unattributed,
        sum(credit) as credit,
        sum(amount) as amount
    from {{ ref('fct_attribution_monthly') }}
    where conversion_type = 'won'
    group by date_basis, attribution_model, month_start_date, channel = 'unattributed'

)

select
    coalesce(channels.date_basis, content.date_basis) as date_basis,
    coalesce(channels.attribution_model, content.attribution_model) as attribution_model,
    coalesce(channels.month_start_date, content.month_start_date) as month_start_date,
    channels.credit as channels_credit,
    content.credit as contents_credit,
    channels.amount as channels_amount,
    content.amount as contents_amount
from channels
full outer join content
    on
        channels.date_basis = content.date_basis
        and channels.attribution_model = content.attribution_model
        and coalesce(channels.month_start_date, date '1970-01-01')
        = coalesce(content.month_start_date, date '1970-01-01')
        and channels.is_unattributed = content.is_unattributed
where
    abs(coalesce(channels.credit, 0) - coalesce(content.credit, 0)) > 1e-6
    or {{ money_differs('channels.amount', 'content.amount') }}
