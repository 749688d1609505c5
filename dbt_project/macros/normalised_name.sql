{% macro normalised_name(name) -%}
    {#- A company name without case, punctuation and legal form, for comparing only. -#}
    nullif(
        trim(regexp_replace(
            regexp_replace(lower({{ name }}), '[^a-z0-9à-ž]+', ' '{{ regexp_all() }}),
            '( (sp z o o|spolka z o o|s a|gmbh|ag|kg|se|inc|ltd|llc|plc|bv|sas|srl|co|corp|corporation|company))+ *$', ''
        )),
        ''
    )
{%- endmacro %}

{% macro regexp_all() %}
    {#- DuckDB replaces the first match unless told `g`; Spark always replaces all. -#}
    {{- return(adapter.dispatch('regexp_all', 'funnelhouse')()) -}}
{% endmacro %}

{% macro default__regexp_all() -%}
    , 'g'
{%- endmacro %}

{% macro spark__regexp_all() -%}
{%- endmacro %}
