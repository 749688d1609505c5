{% macro standing_at(moment, precision) -%}
    {#- Where a milestone stands in time: what is known only by its day stands at the end of that local day. -#}
    case
        when {{ precision }} = 'day' then {{ end_of_day('cast(' ~ moment ~ ' as date)') }}
        else {{ moment }}
    end
{%- endmacro %}

{% macro touched_until(moment, precision) -%}
    {#- The last moment at which a touch can have led to it: clocks of two systems differ, a day's last touch is of that day. -#}
    case
        when {{ precision }} = 'day' then {{ add_seconds(end_of_day('cast(' ~ moment ~ ' as date)'), -0.000001) }}
        else {{ add_minutes(moment, setting('touch_grace_minutes', 'int')) }}
    end
{%- endmacro %}

{% macro scope_rank(touch_scope) -%}
    {#- How far from the deal's own person touches may be: the wider scope holds the narrower ones. -#}
    case {{ touch_scope }} when 'primary' then 1 when 'contacts' then 2 when 'account' then 3 end
{%- endmacro %}

{% macro days_before(moment, days) -%}
    {{ add_seconds(moment, '-86400.0 * ' ~ days) }}
{%- endmacro %}

{% macro headline_look_back_days(conversion_type) -%}
    {#- How far back the headline window of a type of conversion reaches, as a scalar subquery. -#}
    (
        select max(windows.look_back_days)
        from {{ ref('attribution_windows') }} as windows
        where windows.is_headline and windows.conversion_type = '{{ conversion_type }}'
    )
{%- endmacro %}
