select
    {{ as_of() }} as as_of,
    {{ local_date(as_of()) }} as as_of_date,
    {{ setting('reporting_timezone') }} as reporting_timezone,
    {{ setting('reporting_currency') }} as reporting_currency,
    {{ setting('conversion_horizon_days', 'int') }} as conversion_horizon_days,
    {{ setting('velocity_window_days', 'int') }} as velocity_window_days,
    {{ setting('least_group_count', 'int') }} as least_group_count,
    {{ setting('least_benchmark_group_count', 'int') }} as least_benchmark_group_count,
    {{ setting('least_closed_count', 'int') }} as least_closed_count,
    {{ setting('score_version', 'int') }} as score_version,
    {{ setting('content_effect_days', 'int') }} as content_effect_days
