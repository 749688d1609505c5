with sources as (

    select * from {{ ref('sources') }}
    where source in (
        {%- for name in enabled_sources() %}
        '{{ name }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )

),

loads as (

    select * from {{ ref('source_loads') }}

),

latest_attempts as (

    select
        source,
        max(loaded_at) as last_attempt_at,
        max_by(status, finished_at) as last_status,
        -- The last attempt's, also where it has none: engines differ on whether max_by passes over a null.
        nullif(max_by(coalesce(message, ''), finished_at), '') as last_message
    from loads
    group by source

),

latest_successes as (

    select
        source,
        max(loaded_at) as last_loaded_at,
        max(case when changed_count > 0 then loaded_at end) as last_changed_at,
        max_by(row_count, finished_at) as row_count,
        max_by(quarantined_count, finished_at) as quarantined_count
    from loads
    where status = 'loaded'
    group by source

),

measured as (

    select
        sources.source,
        sources.source_label,
        sources.is_required,
        latest_attempts.last_attempt_at,
        latest_attempts.last_status,
        latest_attempts.last_message,
        latest_successes.last_loaded_at,
        latest_successes.last_loaded_at as data_complete_through,
        latest_successes.row_count,
        latest_successes.quarantined_count,
        {{ days_between('latest_successes.last_loaded_at', as_of()) }} * 24.0 as hours_since_load,
        sources.max_staleness_hours,
        latest_successes.last_changed_at,
        {{ days_between('latest_successes.last_changed_at', as_of()) }} * 24.0 as quiet_hours,
        sources.max_quiet_hours
    from sources
    left join latest_attempts on sources.source = latest_attempts.source
    left join latest_successes on sources.source = latest_successes.source

),

judged as (

    select
        *,
        last_loaded_at is null
        or last_status != 'loaded'
        or hours_since_load > max_staleness_hours as is_stale,
        coalesce(quiet_hours > max_quiet_hours, false) as is_quiet
    from measured

)

select * from judged
