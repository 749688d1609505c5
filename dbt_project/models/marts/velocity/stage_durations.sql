{{ config(materialized='table_macro', parameters=stay_parameters()) }}

with {{ stays_in_stages() }},

{{ kaplan_meier('stays', ['track', 'stage', 'dimension_value']) }},

bounded as (

    select
        *,
        {{ survival_bound('lower') }} as survival_lower,
        {{ survival_bound('upper') }} as survival_upper
    from curve

),

summarised as (

    select
        track,
        stage,
        dimension_value,
        cast(sum(exited_count + censored_count) as bigint) as stay_count,
        cast(sum(exited_count) as bigint) as exited_count,
        cast(sum(censored_count) as bigint) as open_count,
        {{ first_duration_below('survival', 0.75) }} as lower_quartile_days,
        {{ first_duration_below('survival_lower', 0.75) }} as lower_quartile_days_lower,
        {{ first_duration_below('survival_upper', 0.75) }} as lower_quartile_days_upper,
        {{ first_duration_below('survival', 0.5) }} as median_days,
        {{ first_duration_below('survival_lower', 0.5) }} as median_days_lower,
        {{ first_duration_below('survival_upper', 0.5) }} as median_days_upper,
        {{ first_duration_below('survival', 0.25) }} as upper_quartile_days,
        {{ first_duration_below('survival_lower', 0.25) }} as upper_quartile_days_lower,
        {{ first_duration_below('survival_upper', 0.25) }} as upper_quartile_days_upper,
        sum(survival_before * (duration_days - duration_before_days)) as restricted_mean_days,
        max(duration_days) as longest_days,
        sum(exited_count * duration_days) / nullif(sum(exited_count), 0) as finished_mean_days
    from bounded
    group by track, stage, dimension_value

),

finished as (

    select
        track,
        stage,
        dimension_value,
        median(duration_days) as finished_median_days
    from stays
    where exit_class is not null
    group by track, stage, dimension_value

)

select
    summarised.*,
    finished.finished_median_days,
    summarised.finished_mean_days - summarised.restricted_mean_days as finished_mean_bias_days
from summarised
left join finished
    on
        summarised.track = finished.track
        and summarised.stage = finished.stage
        and summarised.dimension_value = finished.dimension_value
order by summarised.track, summarised.stage, summarised.dimension_value
