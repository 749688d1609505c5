{% macro matches_pattern(value, pattern) %}
    {#- Whether a text, in lower case, matches a playbook pattern from end to end. -#}
    {{- return(adapter.dispatch('matches_pattern', 'funnelhouse')(value, pattern)) -}}
{% endmacro %}

{% macro default__matches_pattern(value, pattern) -%}
    regexp_full_match(lower({{ value }}), {{ pattern }})
{%- endmacro %}

{% macro spark__matches_pattern(value, pattern) -%}
    (lower({{ value }}) rlike concat('^(?:', {{ pattern }}, ')$'))
{%- endmacro %}

{% macro joined_text(value, order_by) %}
    {#- The non-null texts of a group in order, with commas between. -#}
    {{- return(adapter.dispatch('joined_text', 'funnelhouse')(value, order_by)) -}}
{% endmacro %}

{% macro default__joined_text(value, order_by) -%}
    string_agg({{ value }}, ', ' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(value, order_by) -%}
    array_join(
        transform(
            array_sort(collect_list(case when {{ value }} is not null then struct({{ order_by }} as o, {{ value }} as v) end)),
            item -> item.v
        ),
        ', '
    )
{%- endmacro %}

{% macro try_cast(value, data_type) %}
    {#- A text as another type, null where it is not one. -#}
    {{- return(adapter.dispatch('try_cast', 'funnelhouse')(value, data_type)) -}}
{% endmacro %}

{% macro default__try_cast(value, data_type) -%}
    try_cast({{ value }} as {{ data_type }})
{%- endmacro %}

{% macro spark__try_cast(value, data_type) -%}
    try_cast({{ value }} as {{ data_type }})
{%- endmacro %}

{% macro words_of(value) %}
    {#- The words of a text in lower case, with one space between. -#}
    {{- return(adapter.dispatch('words_of', 'funnelhouse')(value)) -}}
{% endmacro %}

{% macro default__words_of(value) -%}
    trim(regexp_replace(lower({{ value }}), '[^\p{L}0-9]+', ' ', 'g'))
{%- endmacro %}

{% macro spark__words_of(value) -%}
    trim(regexp_replace(lower({{ value }}), '[^\\p{L}0-9]+', ' '))
{%- endmacro %}

{% macro joined_in_order(text, separator, order) %}
    {#- The texts of a group in an order, with something between them. -#}
    {{- return(adapter.dispatch('joined_in_order', 'funnelhouse')(text, separator, order)) -}}
{% endmacro %}

{% macro default__joined_in_order(text, separator, order) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}

{% macro spark__joined_in_order(text, separator, order) -%}
    array_join(
        transform(
            array_sort(collect_list(named_struct('place', {{ order }}, 'text', {{ text }}))), entry -> entry.text
        ),
        '{{ separator }}'
    )
{%- endmacro %}

{% macro without_addresses(value) %}
    {#- A text without e-mails, also as a page's address spells them, and without phone numbers that begin with a +. -#}
    {{- return(adapter.dispatch('without_addresses', 'funnelhouse')(value)) -}}
{% endmacro %}

{% macro default__without_addresses(value) -%}
    case
        when {{ value }} like '%@%' or {{ value }} like '%!%40%' escape '!' or {{ value }} like '%+%'
            then regexp_replace(
                regexp_replace({{ value }}, '[^\s@/?&=:;,<>()"''|]+(@|%40)[^\s@/?&=:;,<>()"''|]+', '(e-mail)', 'g'),
                '\+[0-9][0-9 ()./-]{6,}[0-9]', '(phone)', 'g'
            )
        else {{ value }}
    end
{%- endmacro %}

{% macro spark__without_addresses(value) -%}
    case
        when {{ value }} like '%@%' or {{ value }} like '%!%40%' escape '!' or {{ value }} like '%+%'
            then regexp_replace(
                regexp_replace({{ value }}, r'[^\s@/?&=:;,<>()"\x27|]+(@|%40)[^\s@/?&=:;,<>()"\x27|]+', '(e-mail)'),
                r'\+[0-9][0-9 ()./-]{6,}[0-9]', '(phone)'
            )
        else {{ value }}
    end
{%- endmacro %}

{% macro without_values(reason) %}
    {#- Why a row was refused, without what stood in its cell: that may be anything, a name in the wrong column too. -#}
    {{- return(adapter.dispatch('without_values', 'funnelhouse')(reason)) -}}
{% endmacro %}

{% macro default__without_values(reason) -%}
    regexp_replace({{ reason }}, '(?s): [''"].*?[''"] (is|may|has|lies|stands)', ': … \1', 'g')
{%- endmacro %}

{% macro spark__without_values(reason) -%}
    regexp_replace({{ reason }}, r'(?s): [\x27"].*?[\x27"] (is|may|has|lies|stands)', ': … $1')
{%- endmacro %}
