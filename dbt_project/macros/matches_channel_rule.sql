{% macro matches_channel_rule(signals, rules) -%}
    {#- Whether a signal meets every condition of a channel rule; an empty condition is met by anything, `(none)` by nothing given. -#}
    {%- for column in ['activity_type', 'click_id', 'utm_source', 'utm_medium', 'utm_campaign', 'referrer', 'landing_page', 'lead_source'] %}
    {{ 'and ' if not loop.first }}case
        when {{ rules }}.{{ column }} is null then true
        when {{ rules }}.{{ column }} = '(none)' then {{ signals }}.{{ column }} = ''
        else {{ matches_pattern(signals ~ '.' ~ column, rules ~ '.' ~ column) }}
    end
    {%- endfor %}
{%- endmacro %}

{% macro is_valid_on(rules, day) -%}
    {#- Whether a versioned rule holds on a day; validity is [valid_from, valid_to). -#}
    coalesce({{ rules }}.valid_from, date '0001-01-01') <= {{ day }}
    and coalesce({{ rules }}.valid_to, date '9999-12-31') > {{ day }}
{%- endmacro %}
