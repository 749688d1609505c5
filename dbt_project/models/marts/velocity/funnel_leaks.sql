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

steps as (

    select * from {{ ref('conversion_cohort') }}(
        unit := 'lead', within_days := within_days, group_by := group_by, {{ pass_filters_on() }}
    )

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

stages_reached as (

    select distinct reached_stage, reached_stage_order from steps

),

won as (

    select min(stage_order) as stage_order
    from {{ ref('dim_stages') }}
    where stage_role = 'won'

),

opening as (

    select min(stage_order) as stage_order
    from {{ ref('dim_stages') }}
    where track = 'opportunity' and stage_order > 0

),

deals as (

    select
        opportunities.primary_lead_id as lead_id,
        -- Any deal has been opened, whatever became of it.
        greatest(opportunities.furthest_stage_order, opening.stage_order) as furthest_stage_order,
        opportunities.pipeline_amount,
        opportunities.won_amount
    from {{ ref('fct_opportunities') }} as opportunities
    cross join opening
    where {{ is_own_deal('opportunities.primary_lead_rule') }}

),

arrivals as (

    select lead_id, stage_order, entered_at, entered_date, channel, campaign_id, persona, segment, product
    from {{ ref('fct_lead_stage_visits') }}
    where entered_at is not null
    union all
    select
        opportunities.primary_lead_id as lead_id, visits.stage_order, visits.entered_at, visits.entered_date,
        visits.channel, visits.campaign_id, visits.persona, visits.segment, visits.product
    from {{ ref('fct_opportunity_stage_visits') }} as visits
    inner join {{ ref('fct_opportunities') }} as opportunities
        on visits.opportunity_id = opportunities.opportunity_id
    where
        {{ is_own_deal('opportunities.primary_lead_rule') }} and visits.entered_at is not null

),

-- What was known of the lead at its first arrival there or beyond decides whether it is in the selection.
first_arrivals as (

    select
        stages_reached.reached_stage,
        stages_reached.reached_stage_order,
        arrivals.lead_id,
        min(arrivals.entered_at) as reached_at,
        arg_min(
            -- A filter on what is not known gives null, which arg_min would pass over.
            coalesce({{ passes_filters('arrivals') }} and {{ is_in_period('arrivals.entered_date') }}, false),
            (arrivals.entered_at, arrivals.stage_order)
        ) as is_chosen
    from arrivals
    inner join stages_reached on arrivals.stage_order >= stages_reached.reached_stage_order
    group by stages_reached.reached_stage, stages_reached.reached_stage_order, arrivals.lead_id

),

-- Long enough ago for a deal to have come of it.
arrivals_valued as (

    select
        first_arrivals.reached_stage,
        first_arrivals.lead_id,
        sum(
            case
                when first_arrivals.reached_stage_order = won.stage_order then deals.won_amount
                else deals.pipeline_amount
            end
        ) as amount
    from first_arrivals
    inner join build on {{ days_between('first_arrivals.reached_at', 'build.as_of') }} >= build.horizon_days
    cross join won
    left join deals
        on
            first_arrivals.lead_id = deals.lead_id
            and deals.furthest_stage_order >= first_arrivals.reached_stage_order
    where first_arrivals.is_chosen
    group by first_arrivals.reached_stage, first_arrivals.lead_id

),

values_of_stages as (

    select
        arrivals_valued.reached_stage,
        count(*) as valued_lead_count,
        case
            when count(*) >= max(build.least_group_count) then sum(coalesce(arrivals_valued.amount, 0)) / count(*)
        end as value_per_lead
    from arrivals_valued
    cross join build
    group by arrivals_valued.reached_stage

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
    left join values_of_stages on steps.reached_stage = values_of_stages.reached_stage

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
