with spend as (

    select * from {{ ref('int_campaign_spend_valued') }}

),

campaigns as (

    select * from {{ ref('int_campaigns_channelled') }}

),

channels as (

    select * from {{ ref('channels') }}

),

monthly_costs as (

    select * from {{ ref('int_monthly_costs_valued') }}
    where not gives_way

),

costs as (

    select
        spend.date as cost_date,
        'media' as cost_type,
        coalesce(channels.phase, 'acquire') as phase,
        'marketing' as team,
        campaigns.channel,
        spend.campaign_id,
        cast(null as {{ dbt.type_string() }}) as product,
        campaigns.channel_basis as allocation_rule,
        spend.cost_amount,
        spend.is_rate_missing
    from spend
    inner join campaigns on spend.campaign_id = campaigns.campaign_id
    left join channels on campaigns.channel = channels.channel
    where spend.cost_amount_local is not null
    union all
    select
        month_start_date as cost_date,
        cost_type,
        phase,
        team,
        cast(null as {{ dbt.type_string() }}) as channel,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        product,
        'month' as allocation_rule,
        cost_amount,
        is_rate_missing
    from monthly_costs

),

-- What is partly unknown is unknown.
added_up as (

    select
        cost_date,
        {{ month_start('cost_date') }} as month_start_date,
        cost_type,
        phase,
        team,
        channel,
        campaign_id,
        product,
        allocation_rule,
        case
            when max(case when is_rate_missing then 1 else 0 end) = 0 then {{ exact_sum('cost_amount') }}
        end as cost_amount,
        max(case when is_rate_missing then 1 else 0 end) = 1 as is_rate_missing
    from costs
    group by cost_date, cost_type, phase, team, channel, campaign_id, product, allocation_rule

)

select * from added_up
