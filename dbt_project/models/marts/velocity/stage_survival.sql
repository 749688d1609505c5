{{ config(materialized='table_macro', parameters=stay_parameters()) }}

with {{ stays_in_stages() }},

{{ kaplan_meier('stays', ['track', 'stage', 'dimension_value']) }}

select
    track,
    stage,
    dimension_value,
    duration_days,
    at_risk_count,
    exited_count,
    censored_count,
    survival,
    {{ survival_bound('lower') }} as survival_lower,
    {{ survival_bound('upper') }} as survival_upper
from curve
order by track, stage, dimension_value, duration_days
