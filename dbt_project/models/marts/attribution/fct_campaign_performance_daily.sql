with spend as (

    select * from {{ ref('int_campaign_spend_valued') }}

),

performance as (

    select
        campaign_id,
        date,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        -- What is partly unknown is unknown.
        case when max(case when is_rate_missing then 1 else 0 end) = 0 then sum(cost_amount) end as cost_amount,
        case when min(currency) = max(currency) then sum(cost_amount_local) end as cost_amount_local,
        case when min(currency) = max(currency) then min(currency) end as currency,
        sum(platform_conversions) as platform_conversions,
        count(*) > 1 as is_reported_twice
    from spend
    group by campaign_id, date

)

select * from performance
