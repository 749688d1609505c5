{{ config(materialized='table_macro', parameters=filter_parameters({'on_clock': "'qualified'"})) }}

with handoffs as (

    {{ handoffs_chosen(
        "if(on_clock in ('qualified', 'assigned'), on_clock, error('on_clock is qualified or assigned'))"
    ) }}

),

counted as (

    select
        dimension_value,
        count(*) as handoff_count,
        count(*) filter (where sla_state = 'running') as running_count,
        count(*) filter (where sla_state = 'met') as met_count,
        count(*) filter (where sla_state = 'breached') as breached_count,
        count(*) filter (where sla_state = 'past_due_open') as past_due_open_count,
        count(*) filter (where sla_state = 'void') as void_count,
        count(*) filter (where sla_state is null) as without_rule_count,
        count(*) filter (where sla_state in ('met', 'breached', 'past_due_open')) as judged_count,
        count(*) filter (where is_preempted) as preempted_count,
        count(response_hours) as answered_count,
        median(response_hours) as median_response_hours,
        median(response_business_hours) as median_response_business_hours,
        quantile_cont(response_business_hours, 0.9) as slowest_tenth_business_hours,
        cast(sum(reassignment_count) as bigint) as reassignment_count
    from handoffs
    group by dimension_value

)

select
    *,
    met_count / nullif(judged_count, 0) as attainment_rate,
    {{ wilson_lower('met_count', 'judged_count') }} as attainment_rate_lower,
    {{ wilson_upper('met_count', 'judged_count') }} as attainment_rate_upper
from counted
order by dimension_value
