{{ config(
    materialized='table_macro',
    parameters=filter_parameters({'since': "'first_touch'", 'within_days': 'cast(null as int)'}),
) }}

with leads as (

    select
        leads.*,
        case since
            when 'first_touch' then least(leads.first_touch_at, leads.created_at)
            when 'created' then leads.created_at
            else error('since is first_touch or created')
        end as begun_at,
        {{ dimension_value('leads', {'month': 'leads.created_month_start_date'}) }} as dimension_value
    from {{ ref('dim_leads') }} as leads
    where {{ is_in_period('leads.created_date') }} and {{ passes_filters('leads') }}

),

horizon as (

    select as_of, coalesce(within_days, conversion_horizon_days) as horizon_days
    from {{ ref('dim_build') }}

),

-- The stage that ends one track and begins the other is one step.
steps as (

    select
        stage_order,
        arg_min(stage, track) as stage,
        arg_min(stage_label, track) as stage_label
    from {{ ref('dim_stages') }}
    where stage_order > 0
    group by stage_order

),

arrivals as (

    select lead_id, stage_order, entered_at
    from {{ ref('fct_lead_stage_visits') }}
    where entered_at is not null
    union all
    select opportunities.primary_lead_id as lead_id, visits.stage_order, visits.entered_at
    from {{ ref('fct_opportunity_stage_visits') }} as visits
    inner join {{ ref('fct_opportunities') }} as opportunities
        on visits.opportunity_id = opportunities.opportunity_id
    where
        {{ is_own_deal('opportunities.primary_lead_rule') }} and visits.entered_at is not null

),

reached as (

    select
        arrivals.lead_id,
        steps.stage_order,
        min(arrivals.entered_at) as reached_at
    from arrivals
    inner join steps on arrivals.stage_order >= steps.stage_order
    group by arrivals.lead_id, steps.stage_order

),

timed as (

    select
        leads.dimension_value,
        steps.stage,
        steps.stage_label,
        steps.stage_order,
        horizon.horizon_days,
        {{ days_between('leads.begun_at', 'horizon.as_of') }} >= horizon.horizon_days as is_mature,
        -- What came before the beginning took no time.
        case
            when reached.reached_at <= leads.begun_at then 0
            else {{ days_between('leads.begun_at', 'reached.reached_at') }}
        end as days
    from leads
    cross join steps
    cross join horizon
    left join reached on leads.lead_id = reached.lead_id and steps.stage_order = reached.stage_order

),

summarised as (

    select
        stage,
        stage_label,
        stage_order,
        dimension_value,
        max(horizon_days) as within_days,
        count(*) as lead_count,
        count(days) as reached_count,
        count(*) filter (where is_mature) as mature_count,
        count(*) filter (where is_mature and days <= horizon_days) as mature_reached_count,
        quantile_cont(days, 0.25) filter (where is_mature and days <= horizon_days) as lower_quartile_days,
        quantile_cont(days, 0.5) filter (where is_mature and days <= horizon_days) as median_days,
        quantile_cont(days, 0.75) filter (where is_mature and days <= horizon_days) as upper_quartile_days
    from timed
    group by stage, stage_label, stage_order, dimension_value

)

select
    *,
    mature_reached_count / nullif(mature_count, 0) as reached_rate,
    {{ wilson_lower('mature_reached_count', 'mature_count') }} as reached_rate_lower,
    {{ wilson_upper('mature_reached_count', 'mature_count') }} as reached_rate_upper
from summarised
order by dimension_value, stage_order
