{{ config(materialized='table_macro', parameters={
    'per': "'all'", 'by_date_of': "'conversion'", 'by_month': 'false',
    'from_month': 'cast(null as date)', 'to_month': 'cast(null as date)',
}) }}

with credits as (

    select
        attribution_model,
        channel,
        case when by_month then month_start_date end as month_start_date,
        case per
            when 'all' then 'all'
            when 'channel' then channel
            when 'campaign' then coalesce(campaign_id, '(none)')
            else error('per is one of all, channel, campaign')
        end as dimension_value,
        credit,
        amount,
        margin_amount
    from {{ ref('fct_attribution_monthly') }}
    where
        conversion_type = 'won'
        and date_basis = case
            when by_date_of in ('conversion', 'touch') then by_date_of
            else error('by_date_of is conversion or touch')
        end
        and (from_month is null or month_start_date >= from_month)
        and (to_month is null or month_start_date <= to_month)

),

costs as (

    select
        team,
        cost_type,
        cost_amount,
        case when by_month then month_start_date end as month_start_date,
        case per when 'all' then 'all' when 'channel' then channel when 'campaign' then campaign_id end
            as dimension_value
    from {{ ref('fct_costs') }}
    where
        (from_month is null or month_start_date >= from_month)
        and (to_month is null or month_start_date <= to_month)

),

credited as (

    select
        attribution_model,
        month_start_date,
        dimension_value,
        sum(credit) as credit,
        sum(amount) as amount,
        sum(margin_amount) as margin_amount,
        count(*) > count(margin_amount) as is_margin_unknown
    from credits
    where channel != 'unattributed'
    group by attribution_model, month_start_date, dimension_value

),

covered as (

    select
        attribution_model,
        month_start_date,
        sum(amount) filter (where channel != 'unattributed') / nullif(sum(amount), 0) as coverage_rate
    from credits
    group by attribution_model, month_start_date

),

-- Each cost once, before it meets the models; what is partly unknown is unknown.
spent as (

    select
        month_start_date,
        dimension_value,
        case when count(*) = count(cost_amount) then sum(cost_amount) end as total_cost_amount,
        case
            when count(*) filter (where team = 'marketing' and cost_amount is null) = 0
                then coalesce(sum(cost_amount) filter (where team = 'marketing'), 0)
        end as marketing_cost_amount,
        case
            when count(*) filter (where cost_type = 'media' and cost_amount is null) = 0
                then coalesce(sum(cost_amount) filter (where cost_type = 'media'), 0)
        end as media_cost_amount
    from costs
    where dimension_value is not null
    group by month_start_date, dimension_value

),

-- A cost that belongs to no channel or campaign makes what each of them cost in all unknown.
shared as (

    select
        month_start_date,
        true as has_shared_cost,
        max(case when team = 'marketing' then 1 else 0 end) = 1 as has_shared_marketing_cost
    from costs
    where dimension_value is null
    group by month_start_date

),

models as (

    select distinct attribution_model from credits

),

cells as (

    select attribution_model, month_start_date, dimension_value from credited
    union
    select models.attribution_model, spent.month_start_date, spent.dimension_value
    from spent
    cross join models

),

returned as (

    select
        cells.dimension_value,
        cells.month_start_date,
        cells.attribution_model,
        coalesce(credited.credit, 0) as credit,
        coalesce(credited.amount, 0) as amount,
        case when not coalesce(credited.is_margin_unknown, false) then coalesce(credited.margin_amount, 0) end
            as margin_amount,
        case when by_date_of = 'conversion' then covered.coverage_rate end as coverage_rate,
        case when shared.has_shared_cost is null then spent.total_cost_amount end as total_cost_amount,
        case when not coalesce(shared.has_shared_marketing_cost, false) then spent.marketing_cost_amount end
            as marketing_cost_amount,
        spent.media_cost_amount
    from cells
    left join credited
        on
            cells.attribution_model = credited.attribution_model
            and cells.dimension_value = credited.dimension_value
            and cells.month_start_date is not distinct from credited.month_start_date
    left join covered
        on
            cells.attribution_model = covered.attribution_model
            and cells.month_start_date is not distinct from covered.month_start_date
    left join spent
        on
            cells.dimension_value = spent.dimension_value
            and cells.month_start_date is not distinct from spent.month_start_date
    left join shared on cells.month_start_date is not distinct from shared.month_start_date

)

select
    *,
    (margin_amount - total_cost_amount) / nullif(total_cost_amount, 0) as roi,
    (margin_amount - marketing_cost_amount) / nullif(marketing_cost_amount, 0) as romi,
    amount / nullif(media_cost_amount, 0) as roas
from returned
order by dimension_value, month_start_date, attribution_model
