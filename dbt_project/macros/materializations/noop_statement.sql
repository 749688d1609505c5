{#- dbt's own, but that it writes no SQL: for a seed it would write it over the seed's file, since its path is
    absolute, and a build that is run again by itself would find no rows there. -#}
{% macro noop_statement(name=none, message=none, code=none, rows_affected=none, res=none) -%}
    {%- set sql = caller() -%}
    {% if name is not none %}
        {{ store_raw_result(name, message=message, code=code, rows_affected=rows_affected, agate_table=res) }}
    {% endif %}
{%- endmacro %}
