{% macro product(value) %}
    {#- The product of a group's values, which must be above 0; also over a window. -#}
    {{- return(adapter.dispatch('product', 'funnelhouse')(value)) -}}
{% endmacro %}

{% macro default__product(value) -%}
    product({{ value }})
{%- endmacro %}

{% macro spark__product(value) -%}
    exp(sum(ln({{ value }})))
{%- endmacro %}
