{{ config(
    materialized='table_macro',
    parameters=conversion_parameters({'within_days': 'cast(null as int)'}),
) }}

with {{ conversion_ctes() }},

horizon as (

    select
        as_of,
        coalesce(within_days, conversion_horizon_days) as horizon_days
    from {{ ref('dim_build') }}

),

-- The first arrival counts, and what was known of the record then decides where it belongs.
entered as (

    select
        pairs.entered_stage,
        pairs.reached_stage,
        arrivals.record_id,
        min(arrivals.entered_at) as entered_at,
        arg_min(arrivals.entered_date, (arrivals.entered_at, arrivals.stage_order)) as entered_date,
        arg_min(arrivals.month_start_date, (arrivals.entered_at, arrivals.stage_order)) as month_start_date,
        arg_min(arrivals.dimension_value, (arrivals.entered_at, arrivals.stage_order)) as dimension_value,
        arg_min(arrivals.passes_filters, (arrivals.entered_at, arrivals.stage_order)) as passes_filters
    from pairs
    inner join arrivals on {{ arrives_at('arrivals', 'entered') }}
    group by pairs.entered_stage, pairs.reached_stage, arrivals.record_id

),

cohort as (

    select * from entered
    where passes_filters and {{ is_in_period('entered_date') }}

),

-- Strictly, a stage is reached when every one in between has been visited.
steps_taken as (

    select
        cohort.entered_stage,
        cohort.reached_stage,
        cohort.record_id,
        arrivals.stage_order,
        min(arrivals.entered_at) as taken_at
    from cohort
    inner join pairs on cohort.entered_stage = pairs.entered_stage and cohort.reached_stage = pairs.reached_stage
    inner join arrivals
        on
            cohort.record_id = arrivals.record_id
            and arrivals.entered_at >= cohort.entered_at
            and arrivals.stage_order > pairs.entered_order
            and arrivals.stage_order < pairs.reached_order
    where is_strict
    group by cohort.entered_stage, cohort.reached_stage, cohort.record_id, arrivals.stage_order

),

ways_completed as (

    select entered_stage, reached_stage, record_id, count(*) as step_count, max(taken_at) as completed_at
    from steps_taken
    group by entered_stage, reached_stage, record_id

),

reached as (

    select
        cohort.entered_stage,
        cohort.reached_stage,
        cohort.record_id,
        min(arrivals.entered_at) as reached_at
    from cohort
    inner join pairs on cohort.entered_stage = pairs.entered_stage and cohort.reached_stage = pairs.reached_stage
    left join ways_completed
        on
            cohort.entered_stage = ways_completed.entered_stage
            and cohort.reached_stage = ways_completed.reached_stage
            and cohort.record_id = ways_completed.record_id
    inner join arrivals
        on
            cohort.record_id = arrivals.record_id
            and arrivals.entered_at >= coalesce(ways_completed.completed_at, cohort.entered_at)
            and {{ arrives_at('arrivals', 'reached') }}
    where
        not is_strict
        or pairs.reached_order = 0
        or coalesce(ways_completed.step_count, 0) = coalesce(pairs.steps_between, 0)
    group by cohort.entered_stage, cohort.reached_stage, cohort.record_id

),

followed as (

    select
        cohort.dimension_value,
        cohort.month_start_date,
        cohort.entered_stage,
        cohort.reached_stage,
        reached.reached_at is not null as is_reached,
        {{ days_between('cohort.entered_at', 'reached.reached_at') }} <= horizon.horizon_days as is_in_time,
        {{ days_between('cohort.entered_at', 'horizon.as_of') }} >= horizon.horizon_days as is_mature,
        horizon.horizon_days
    from cohort
    cross join horizon
    left join reached
        on
            cohort.record_id = reached.record_id
            and cohort.entered_stage = reached.entered_stage
            and cohort.reached_stage = reached.reached_stage

),

counted as (

    select
        dimension_value,
        month_start_date,
        entered_stage,
        reached_stage,
        max(horizon_days) as within_days,
        count(*) as entered_count,
        count(*) filter (where is_reached) as reached_count,
        count(*) filter (where is_mature) as mature_count,
        count(*) filter (where is_mature and is_reached and is_in_time) as mature_reached_count
    from followed
    group by dimension_value, month_start_date, entered_stage, reached_stage

),

ordered as (

    select
        counted.*,
        pairs.entered_order as entered_stage_order,
        pairs.reached_order as reached_stage_order
    from counted
    inner join pairs on counted.entered_stage = pairs.entered_stage and counted.reached_stage = pairs.reached_stage

)

select
    *,
    mature_count / nullif(entered_count, 0) as maturity_rate,
    mature_reached_count / nullif(mature_count, 0) as conversion_rate,
    {{ wilson_lower('mature_reached_count', 'mature_count') }} as conversion_rate_lower,
    {{ wilson_upper('mature_reached_count', 'mature_count') }} as conversion_rate_upper
from ordered
order by dimension_value, month_start_date, entered_stage_order, reached_stage_order, reached_stage
