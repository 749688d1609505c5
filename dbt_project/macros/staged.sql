{#- What every source keeps beside its records, the same for all: what it refused, and how its loads went. -#}

{% macro staged_quarantine(source_name) -%}
with versions as (

    {{ latest_versions('raw_' ~ source_name, 'quarantine', ['entity', 'file', 'line', 'record_id']) }}

),

renamed as (

    select
        entity,
        file,
        line,
        record_id,
        column_name,
        reason,
        '{{ source_name }}' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
{%- endmacro %}

{% macro staged_loads(source_name) -%}
with loads as (

    select * from {{ source('raw_' ~ source_name, 'loads') }}
    where _loaded_at <= {{ as_of() }}

),

renamed as (

    select
        started_at,
        finished_at,
        status,
        message,
        row_count,
        changed_count,
        quarantined_count,
        '{{ source_name }}' as source,
        _loaded_at as loaded_at
    from loads

)

select * from renamed
{%- endmacro %}
