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

        People's e-mails stand in `contacts` and nowhere else: from other texts they are taken out, wherever somebody wrote
        them. In ids there are none (ingestion makes keys of them).
    -#}
    {%- set texts = ['string', 'text', 'varchar'] -%}  {#- dbt tells a contract's types in the engine's words -#}
    {%- set suppliers = [] -%}
    {%- for name in enabled_sources() if entity in var('source_entities').get(name, []) -%}
        {%- do suppliers.append(ref('stg_' ~ name ~ '__' ~ entity)) -%}
    {%- endfor -%}
    {%- for supplier in suppliers %}
    select
        {%- for column, data_type in columns.items() %}
        {%- if data_type | lower in texts and entity != 'contacts' and column != 'source' and not column.endswith('_id') %}
        {{ without_addresses(column) }} as {{ column }}
        {%- else %}
        {{ column }}
        {%- endif %}{{ ',' if not loop.last }}
        {%- else %}
        *
        {%- endfor %}
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
