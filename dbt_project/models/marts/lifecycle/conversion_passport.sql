{{ config(materialized='table_macro', parameters=conversion_parameters()) }}

with {{ conversion_ctes() }},

-- A stage is passed through by whoever comes to it or beyond from before it; strictly, by whoever comes to it.
passages as (

    select
        arrivals.record_id,
        arrivals.dimension_value,
        arrivals.month_start_date,
        pairs.entered_stage,
        pairs.reached_stage,
        {{ arrives_at('arrivals', 'entered') }}
        and (is_strict or pairs.entered_order = 0 or arrivals.passed_order < pairs.entered_order) as is_entered,
        {{ arrives_at('arrivals', 'reached') }}
        and (is_strict or pairs.reached_order = 0 or arrivals.passed_order < pairs.reached_order) as is_reached
    from pairs
    cross join arrivals
    where arrivals.passes_filters and {{ is_in_period('arrivals.entered_date') }}

),

counted as (

    select
        dimension_value,
        month_start_date,
        entered_stage,
        reached_stage,
        count(distinct case when is_entered then record_id end) as entered_count,
        count(distinct case when is_reached then record_id end) as reached_count
    from passages
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
    reached_count / nullif(entered_count, 0) as conversion_rate
from ordered
where entered_count > 0 or reached_count > 0
order by dimension_value, month_start_date, entered_stage_order, reached_stage_order, reached_stage
