{% macro contract_columns() %}
    {#- The columns of the model at hand and their types, as its contract declares them; none in a unit test of it. -#}
    {%- set columns = {} -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}

{% macro contract_columns_of_source(entity) %}
    {#- What a source's staging model of leads or accounts has: the contract without what uniting adds, and its age. -#}
    {%- set columns = contract_columns() -%}
    {%- if columns -%}
        {%- do columns.pop('source_' ~ entity[:-1] ~ '_id') -%}
        {%- do columns.update({'first_loaded_at': 'timestamp'}) -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}
