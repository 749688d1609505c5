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

{% macro money_differs(amount, other_amount) -%}
    {#- Whether two sums of money are half a cent apart, or more: a double has sixteen digits, so that beyond fifty
    billion a cent is what adding up in another order may make of it. A missing amount is 0. -#}
    abs(coalesce({{ amount }}, 0) - coalesce({{ other_amount }}, 0))
    >= greatest(0.005, 1e-13 * abs(coalesce({{ amount }}, 0)), 1e-13 * abs(coalesce({{ other_amount }}, 0)))
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
