{{ config(materialized='table_macro', parameters=filter_parameters()) }}

with handoffs as (

    {{ handoffs_chosen("'qualified'") }}

),

build as (

    select timezone(reporting_timezone, timezone('UTC', as_of))::date as today
    from {{ ref('dim_build') }}

),

-- Whether a lead was ready when it was handed over first.
agreements as (

    select lead_id, stage, agreement
    from {{ ref('fct_stage_agreements') }}

),

counted as (

    select
        handoffs.dimension_value,
        count(*) as handoff_count,
        count(distinct handoffs.lead_id) as lead_count,
        count(*) filter (where handoffs.outcome = 'accepted') as accepted_count,
        count(*) filter (where handoffs.outcome = 'recycled') as recycled_count,
        count(*) filter (where handoffs.outcome = 'disqualified') as disqualified_count,
        count(*) filter (where handoffs.outcome = 'open') as open_count,
        count(*) filter (where handoffs.outcome != 'open') as decided_count,
        count(*) filter (where handoffs.is_rejection) as rejected_count,
        count(handoffs.returned_at) as returned_count,
        count(handoffs.requalified_at) as requalified_count,
        count(*) filter (where handoffs.return_due_date < build.today and handoffs.resumed_at is null)
            as overdue_return_count,
        count(handoffs.opportunity_at) as opportunity_count,
        sum(handoffs.pipeline_amount) as pipeline_amount,
        count(*) filter (where agreements.agreement = 'premature') as premature_count,
        count(*) filter (where agreements.agreement = 'late') as late_count
    from handoffs
    left join agreements
        on
            handoffs.attempt_number = 1
            and handoffs.lead_id = agreements.lead_id
            and handoffs.stage = agreements.stage
    cross join build
    group by handoffs.dimension_value

)

select
    *,
    accepted_count / nullif(decided_count, 0) as acceptance_rate,
    {{ wilson_lower('accepted_count', 'decided_count') }} as acceptance_rate_lower,
    {{ wilson_upper('accepted_count', 'decided_count') }} as acceptance_rate_upper,
    rejected_count / nullif(decided_count, 0) as rejection_rate,
    opportunity_count / nullif(decided_count, 0) as opportunity_rate,
    {{ wilson_lower('opportunity_count', 'decided_count') }} as opportunity_rate_lower,
    {{ wilson_upper('opportunity_count', 'decided_count') }} as opportunity_rate_upper
from counted
order by dimension_value
