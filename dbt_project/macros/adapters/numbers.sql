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

{% macro exact_sum(amount, digits=6) -%}
    {#- A sum of amounts that does not depend on the order in which they come: the same input gives the same marts. -#}
    cast(sum(cast({{ amount }} as decimal(38, {{ digits }}))) as double)
{%- endmacro %}
