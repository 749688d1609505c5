{%- set parameters = filter_parameters({'within_days': 'cast(null as int)'}) -%}
{%- do parameters.update({'group_by': "'channel'"}) -%}
{{ config(materialized='table_macro', parameters=parameters) }}

with build as (

    select
        as_of,
        least_group_count,
        least_benchmark_group_count,
        coalesce(within_days, conversion_horizon_days) as horizon_days
    from {{ ref('dim_build') }}

),

arrivals as (

    select
        arrivals.stage as entered_stage,
        arrivals.stage_order as entered_stage_order,
        arrivals.next_stage as reached_stage,
        arrivals.deal_amount,
        {{ dimension_value('arrivals') }} as dimension_value,
        build.horizon_days,
        {{ days_between('arrivals.arrived_at', 'build.as_of') }} >= build.horizon_days as is_mature,
        {{ days_between('arrivals.arrived_at', 'arrivals.next_arrived_at') }} <= build.horizon_days as is_in_time
    from {{ ref('fct_first_arrivals') }} as arrivals
    cross join build
    where {{ is_in_period('arrivals.arrived_date') }} and {{ passes_filters('arrivals') }}

),

arrivals_counted as (

    select
        entered_stage,
        entered_stage_order,
        reached_stage,
        dimension_value,
        max(horizon_days) as within_days,
        count(*) filter (where is_mature) as mature_count,
        count(*) filter (where is_mature and is_in_time) as mature_reached_count,
        sum(deal_amount) filter (where is_mature) as deal_amount
    from arrivals
    group by entered_stage, entered_stage_order, reached_stage, dimension_value

),

steps as (

    select
        *,
        mature_reached_count / nullif(mature_count, 0) as conversion_rate,
        {{ wilson_lower('mature_reached_count', 'mature_count') }} as conversion_rate_lower,
        {{ wilson_upper('mature_reached_count', 'mature_count') }} as conversion_rate_upper
    from arrivals_counted
    where reached_stage is not null

),

-- A group with few leads is shown and not judged, nor is it a benchmark of others.
groups_judged as (

    select
        steps.*,
        build.least_benchmark_group_count
    from steps
    inner join build on steps.mature_count >= build.least_group_count

),

benchmarks as (

    select
        entered_stage,
        reached_stage,
        count(*) as benchmark_group_count,
        case
            when count(*) >= max(least_benchmark_group_count) then quantile_disc(conversion_rate, 0.75)
        end as benchmark_rate
    from groups_judged
    group by entered_stage, reached_stage

),

-- Long enough ago for a deal to have come of it; of the whole selection, whatever the group.
values_of_stages as (

    select
        arrivals_counted.entered_stage as stage,
        cast(sum(arrivals_counted.mature_count) as bigint) as valued_lead_count,
        case
            when sum(arrivals_counted.mature_count) >= max(build.least_group_count)
                then
                    coalesce(sum(arrivals_counted.deal_amount), 0.0)
                    / nullif(cast(sum(arrivals_counted.mature_count) as double), 0)
        end as value_per_lead
    from arrivals_counted
    cross join build
    group by arrivals_counted.entered_stage

),

compared as (

    select
        steps.entered_stage,
        steps.reached_stage,
        steps.entered_stage_order,
        steps.dimension_value,
        steps.within_days,
        steps.mature_count,
        steps.mature_reached_count,
        steps.conversion_rate,
        steps.conversion_rate_lower,
        steps.conversion_rate_upper,
        steps.mature_count >= build.least_group_count as has_enough_leads,
        benchmarks.benchmark_rate,
        coalesce(benchmarks.benchmark_group_count, 0) as benchmark_group_count,
        coalesce(values_of_stages.valued_lead_count, 0) as valued_lead_count,
        values_of_stages.value_per_lead
    from steps
    cross join build
    left join benchmarks
        on steps.entered_stage = benchmarks.entered_stage and steps.reached_stage = benchmarks.reached_stage
    left join values_of_stages on steps.reached_stage = values_of_stages.stage

),

leaks as (

    select
        {%- for suffix, rate in [('', 'rate'), ('_lower', 'rate_upper'), ('_upper', 'rate_lower')] %}
        case
            when not has_enough_leads or benchmark_rate is null then null
            when benchmark_rate > conversion_{{ rate }} then mature_count * (benchmark_rate - conversion_{{ rate }})
            else 0.0
        end as lost_count{{ suffix }},
        {%- endfor %}
        *
    from compared

),

valued as (

    select
        *,
        lost_count * value_per_lead as value_at_stake_amount,
        lost_count_lower * value_per_lead as value_at_stake_amount_lower,
        lost_count_upper * value_per_lead as value_at_stake_amount_upper
    from leaks

)

select
    valued.entered_stage,
    valued.reached_stage,
    valued.dimension_value,
    valued.within_days,
    valued.mature_count,
    valued.mature_reached_count,
    valued.conversion_rate,
    valued.conversion_rate_lower,
    valued.conversion_rate_upper,
    valued.has_enough_leads,
    valued.benchmark_rate,
    valued.benchmark_group_count,
    valued.lost_count,
    valued.lost_count_lower,
    valued.lost_count_upper,
    valued.valued_lead_count,
    valued.value_per_lead,
    valued.value_at_stake_amount,
    valued.value_at_stake_amount_lower,
    valued.value_at_stake_amount_upper,
    case
        when valued.value_at_stake_amount > 0
            then
                row_number() over (
                    order by
                        case when valued.value_at_stake_amount > 0 then 0 else 1 end asc,
                        valued.value_at_stake_amount desc,
                        valued.entered_stage_order asc,
                        valued.dimension_value asc
                )
    end as leak_rank
from valued
order by leak_rank asc nulls last, valued.entered_stage_order asc, valued.dimension_value asc
