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

{% macro is_finite(number) %}
    {#- Whether a value is a number, and neither infinite nor "not a number". -#}
    {{- return(adapter.dispatch('is_finite', 'funnelhouse')(number)) -}}
{% endmacro %}

{% macro default__is_finite(number) -%}
    coalesce(isfinite({{ number }}), false)
{%- endmacro %}

{% macro spark__is_finite(number) -%}
    coalesce(abs({{ number }}) < double('infinity'), false)
{%- endmacro %}

{% macro ordered_sum(number) %}
    {#- A sum of doubles taken from the smallest on, so that it comes out the same to the last bit however small they are. -#}
    {{- return(adapter.dispatch('ordered_sum', 'funnelhouse')(number)) -}}
{% endmacro %}

{% macro default__ordered_sum(number) -%}
    list_sum(list_sort(list({{ number }})))
{%- endmacro %}

{% macro spark__ordered_sum(number) -%}
    aggregate(array_sort(collect_list({{ number }})), cast(0.0 as double), (total, entry) -> total + entry)
{%- endmacro %}
