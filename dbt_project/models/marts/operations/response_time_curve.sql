{{ config(materialized='table_macro', parameters=filter_parameters({'within_days': 'cast(null as int)'})) }}

with handoffs as (

    {{ handoffs_chosen("'qualified'") }}

),

horizon as (

    select as_of, coalesce(within_days, conversion_horizon_days) as horizon_days
    from {{ ref('dim_build') }}

),

-- Each had the same days to be accepted; who was handed over later than that is too young to be judged.
mature as (

    select
        handoffs.dimension_value,
        coalesce(handoffs.response_bucket, 'never answered') as response_bucket,
        coalesce(handoffs.response_bucket_order, 1000) as response_bucket_order,
        horizon.horizon_days,
        {{ days_between('handoffs.started_at', 'handoffs.accepted_at') }} <= horizon.horizon_days as is_accepted,
        {{ days_between('handoffs.started_at', 'handoffs.opportunity_at') }} <= horizon.horizon_days as is_opportunity
    from handoffs
    cross join horizon
    where
        {{ days_between('handoffs.started_at', 'horizon.as_of') }} >= horizon.horizon_days
        and not handoffs.is_preempted

),

counted as (

    select
        dimension_value,
        response_bucket,
        response_bucket_order,
        max(horizon_days) as within_days,
        count(*) as handoff_count,
        count(*) filter (where is_accepted) as accepted_count,
        count(*) filter (where is_opportunity) as opportunity_count
    from mature
    group by dimension_value, response_bucket, response_bucket_order

)

select
    *,
    accepted_count / handoff_count as acceptance_rate,
    {{ wilson_lower('accepted_count', 'handoff_count') }} as acceptance_rate_lower,
    {{ wilson_upper('accepted_count', 'handoff_count') }} as acceptance_rate_upper,
    opportunity_count / handoff_count as opportunity_rate,
    {{ wilson_lower('opportunity_count', 'handoff_count') }} as opportunity_rate_lower,
    {{ wilson_upper('opportunity_count', 'handoff_count') }} as opportunity_rate_upper,
    'observed, not causal' as label
from counted
order by dimension_value, response_bucket_order
