with spend as (

    select
        *,
        coalesce(currency, {{ setting('reporting_currency') }}) as cost_currency
    from {{ ref('campaign_spend_daily') }}
    where not is_deleted

),

rates as (

    {{ dated_rates() }}

),

valued as (

    select
        spend.campaign_id,
        spend.date,
        spend.source,
        spend.impressions,
        spend.clicks,
        spend.platform_conversions,
        spend.cost_currency as currency,
        spend.cost_amount_local,
        -- Nothing spent is nothing in any currency.
        case
            when spend.cost_amount_local = 0 then 0.0
            else {{ converted('spend.cost_amount_local', 'spend.cost_currency', 'rates') }}
        end as cost_amount,
        coalesce(spend.cost_amount_local != 0, false)
        and {{ is_rate_missing('spend.cost_currency', 'rates') }} as is_rate_missing,
        {{ is_rate_stale('spend.cost_currency', 'spend.date', 'rates') }} as is_rate_stale
    from spend
    {{ join_rate('rates', 'spend.cost_currency', 'spend.date') }}

)

select * from valued
