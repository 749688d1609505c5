{% macro enabled_sources() %}
    {#- FUNNELHOUSE_SOURCES is the only switch. -#}
    {%- set names = [] -%}
    {%- for name in env_var('FUNNELHOUSE_SOURCES', 'files').split(',') if name | trim -%}
        {%- do names.append(name | trim) -%}
    {%- endfor -%}
    {{- return(names) -}}
{% endmacro %}

{% macro union_sources(entity, columns) %}
    {#-
        All rows of an entity from the enabled sources that supply it; typed and empty where none does.
        `columns` maps the wanted columns to their types; dbt tells a unit test no contract, so there it is empty and the
        supplier's own columns are taken.
    -#}
    {%- set suppliers = [] -%}
    {%- for name in enabled_sources() if entity in var('source_entities').get(name, []) -%}
        {%- do suppliers.append(ref('stg_' ~ name ~ '__' ~ entity)) -%}
    {%- endfor -%}
    {%- for supplier in suppliers %}
    select
        {{ columns.keys() | join(',\n        ') or '*' }}
    from {{ supplier }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {%- for column, data_type in columns.items() %}
        cast(null as {{ data_type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}
