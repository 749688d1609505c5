{{ config(materialized='table_macro', parameters=filter_parameters({'in_stage': 'cast(null as varchar)'})) }}

with visits as (

    select * from {{ ref('fct_opportunity_stage_visits') }}
    where not is_left_truncated and entered_at is not null and visit_number = 1

),

opportunities as (

    select opportunity_id, is_won, is_closed, closed_at
    from {{ ref('fct_opportunities') }}
    where not is_closed or closed_at is not null

),

stages as (

    select stage
    from {{ ref('dim_stages') }}
    where track = 'opportunity' and not is_final and (in_stage is null or stage = in_stage)

),

stays as (

    select
        visits.stage,
        {{ dimension_value('visits', {
            'month': "date_trunc('month', visits.entered_date)::date",
        }) }} as dimension_value,
        -- A close known only by its day may seem to come before what happened on that day.
        greatest({{ days_between('visits.entered_at', 'coalesce(opportunities.closed_at, build.as_of)') }}, 0)
            as duration_days,
        case
            when opportunities.is_won then 'won'
            when opportunities.is_closed then 'lost'
        end as exit_class
    from visits
    inner join stages on visits.stage = stages.stage
    inner join opportunities on visits.opportunity_id = opportunities.opportunity_id
    cross join {{ ref('dim_build') }} as build
    where {{ is_in_period('visits.entered_date') }} and {{ passes_filters('visits') }}

),

{{ aalen_johansen('stays', ['stage', 'dimension_value']) }}

select
    stage,
    dimension_value,
    exit_class as outcome,
    duration_days,
    at_risk_count,
    class_count as closed_count,
    incidence,
    {{ incidence_bound('lower') }} as incidence_lower,
    {{ incidence_bound('upper') }} as incidence_upper
from incidence_curves
where class_count > 0
order by stage, dimension_value, outcome, duration_days
