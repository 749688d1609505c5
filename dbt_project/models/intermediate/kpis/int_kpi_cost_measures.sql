with costs as (

    select * from {{ ref('fct_costs') }}

),

campaigns as (

    select * from {{ ref('int_campaigns_channelled') }}

),

ads as (

    select
        {{ month_start('performance.date') }} as month_start_date,
        performance.impressions,
        performance.clicks,
        coalesce(campaigns.channel, '(none)') as channel,
        performance.campaign_id
    from {{ ref('fct_campaign_performance_daily') }} as performance
    left join campaigns on performance.campaign_id = campaigns.campaign_id

),

emails as (

    select
        {{ month_start(local_date('activities.occurred_at', 'activities.occurred_at_precision')) }} as month_start_date,
        activities.activity_type,
        {{ named(['channel', 'campaign_id'], 'activities') }}
    from {{ ref('int_activities_classified') }} as activities
    where activities.activity_type in ('email_delivered', 'email_clicked')

),

closed_deals as (

    select cycle_days from {{ ref('int_opportunities_described') }}
    where is_won and opportunity_type = 'new' and cycle_days >= 0

),

cycle as (

    select coalesce(cast(round(median(cycle_days) / 30.4375) as int), 0) as median_months from closed_deals

),

-- What was spent one median sales cycle earlier is set against the customers that it brought.
lagged_costs as (

    select
        {{ add_months('costs.month_start_date', 'cycle.median_months') }} as month_start_date,
        costs.cost_amount,
        costs.product
    from costs
    cross join cycle

),

measured as (

    {{ measures_of('costs', cost_measures(), ['channel', 'campaign_id', 'product']) }}
    union all
    {{ measures_of('lagged_costs', [('lagged_total_cost', 'true', 'cost_amount')], ['product']) }}
    union all
    {{ measures_of('ads', [
        ('ad_impressions', 'impressions is not null', 'cast(impressions as double)'),
        ('ad_clicks', 'clicks is not null', 'cast(clicks as double)'),
    ], ['channel', 'campaign_id']) }}
    union all
    {{ measures_of('emails', [
        ('emails_delivered', "activity_type = 'email_delivered'", '1.0'),
        ('emails_clicked', "activity_type = 'email_clicked'", '1.0'),
    ], ['channel', 'campaign_id']) }}

)

select * from measured
