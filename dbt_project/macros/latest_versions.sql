{% macro latest_versions(source_name, table_name, key) %}
    {#-
        The rows of an append-only raw table as they were known at `known_at`: per key the last version of a complete load.
        A tombstone is a version too; it comes with `_is_deleted`.
    -#}
    {%- set loads = source(source_name, '_dlt_loads') -%}
    select *
    from (
        select
            *,
            min(_loaded_at) over (partition by {{ key | join(', ') }}) as _first_loaded_at,
            row_number() over (
                partition by {{ key | join(', ') }} order by _loaded_at desc, _dlt_load_id desc
            ) as _version_rank
        from {{ source(source_name, table_name) }}
        where
            _loaded_at <= {{ known_at() }}
            and _dlt_load_id in (select load_id from {{ loads }} where status = 0)
    ) as versions
    where _version_rank = 1
{%- endmacro %}
