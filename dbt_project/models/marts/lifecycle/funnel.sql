{{ config(
    materialized='table_macro',
    parameters=filter_parameters(),
) }}

with leads as (

    select
        leads.*,
        {{ dimension_value('leads', {'month': 'leads.created_month_start_date'}) }} as dimension_value
    from {{ ref('dim_leads') }} as leads
    where {{ is_in_period('leads.created_date') }} and {{ passes_filters('leads') }}

),

-- One row per step on the way to won; a stage that ends one track and begins the other is one step.
steps as (

    select
        stage_order,
        arg_min(stage, track) as stage,
        arg_min(stage_label, track) as stage_label,
        min(track) as track,
        bool_or(track = 'opportunity') as is_deal_step,
        bool_or(stage_role = 'won') as is_won_step
    from {{ ref('dim_stages') }}
    where stage_order > 0
    group by stage_order

),

lead_counts as (

    select
        leads.dimension_value,
        steps.stage_order,
        count(*) filter (where leads.furthest_stage_order >= steps.stage_order) as lead_count,
        count(*) as cohort_count
    from leads
    cross join steps
    group by leads.dimension_value, steps.stage_order

),

opportunity_counts as (

    select
        leads.dimension_value,
        steps.stage_order,
        count(*) as opportunity_count,
        sum(case when steps.is_won_step then opportunities.won_amount else opportunities.pipeline_amount end) as amount
    from {{ ref('fct_opportunities') }} as opportunities
    inner join leads on opportunities.primary_lead_id = leads.lead_id
    inner join steps
        on opportunities.furthest_stage_order >= steps.stage_order and steps.is_deal_step
    where {{ is_own_deal('opportunities.primary_lead_rule') }}
    group by leads.dimension_value, steps.stage_order

),

counted as (

    select
        lead_counts.dimension_value,
        steps.stage,
        steps.stage_label,
        steps.stage_order,
        steps.track,
        lead_counts.lead_count,
        lead_counts.cohort_count,
        case when steps.is_deal_step then coalesce(opportunity_counts.opportunity_count, 0) end as opportunity_count,
        case when steps.is_deal_step then coalesce(opportunity_counts.amount, 0) end as amount,
        lag(lead_counts.lead_count) over (
            partition by lead_counts.dimension_value order by steps.stage_order
        ) as previous_lead_count
    from lead_counts
    inner join steps on lead_counts.stage_order = steps.stage_order
    left join opportunity_counts
        on
            lead_counts.dimension_value = opportunity_counts.dimension_value
            and lead_counts.stage_order = opportunity_counts.stage_order

)

select
    dimension_value,
    stage,
    stage_label,
    stage_order,
    track,
    lead_count,
    opportunity_count,
    amount,
    previous_lead_count,
    lead_count / nullif(previous_lead_count, 0) as step_rate,
    lead_count / nullif(cohort_count, 0) as entry_rate
from counted
order by dimension_value, stage_order
