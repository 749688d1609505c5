{{ config(materialized='table_macro', parameters=conversion_parameters()) }}

with {{ conversion_ctes() }},

-- Who arrives somewhere has left the stage before in that moment.
exits as (

    select
        arrivals.dimension_value,
        arrivals.month_start_date,
        pairs.entered_stage,
        pairs.reached_stage,
        arrivals.stage_order > pairs.entered_order as is_forward,
        {{ arrives_at('arrivals', 'reached') }} as is_reached
    from pairs
    inner join arrivals
        on
            case
                when pairs.entered_order = 0 then arrivals.entered_from_stage = pairs.entered_stage
                else
                    arrivals.entered_from_stage is not null and arrivals.came_from_order = pairs.entered_order
            end
    where arrivals.passes_filters and {{ is_in_period('arrivals.entered_date') }}

),

counted as (

    select
        dimension_value,
        month_start_date,
        entered_stage,
        reached_stage,
        count(*) as left_count,
        count(*) filter (where is_forward) as forward_count,
        count(*) filter (where is_reached) as reached_count
    from exits
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
    reached_count / nullif(left_count, 0) as conversion_rate,
    {{ wilson_lower('reached_count', 'left_count') }} as conversion_rate_lower,
    {{ wilson_upper('reached_count', 'left_count') }} as conversion_rate_upper
from ordered
order by dimension_value, month_start_date, entered_stage_order, reached_stage_order, reached_stage
