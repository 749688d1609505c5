{{ config(materialized='table_macro', parameters=stay_parameters()) }}

with {{ stays_in_stages() }},

{{ aalen_johansen('stays', ['track', 'stage', 'dimension_value']) }}

select
    track,
    stage,
    dimension_value,
    exit_class as direction,
    duration_days,
    at_risk_count,
    class_count as exited_count,
    incidence,
    {{ incidence_bound('lower') }} as incidence_lower,
    {{ incidence_bound('upper') }} as incidence_upper
from incidence_curves
where class_count > 0
order by track, stage, dimension_value, direction, duration_days
