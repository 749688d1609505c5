{% macro meets_condition(value, rules) -%}
    {#- Whether a value is what a scoring rule asks for; never where there is none. -#}
    case {{ rules }}.operator
        when 'matches' then {{ matches_pattern(value, rules ~ '.value') }}
        when 'has_tag' then {{ matches_pattern(value, "'(.*; *)?(?:' || " ~ rules ~ ".value || ')( *;.*)?'") }}
        when 'at_least' then {{ try_cast(value, 'double') }} >= {{ try_cast(rules ~ '.value', 'double') }}
        when 'below' then {{ try_cast(value, 'double') }} < {{ try_cast(rules ~ '.value', 'double') }}
        when 'between' then {{ try_cast(value, 'double') }} between
            {{ try_cast("split_part(" ~ rules ~ ".value, '..', 1)", 'double') }}
            and {{ try_cast("split_part(" ~ rules ~ ".value, '..', 2)", 'double') }}
        else false
    end
{%- endmacro %}

{% macro share_left(half_life_days, days) -%}
    {#- The share of points, or of a credit's weight, that is left after so many days; all of it where they do not fade. -#}
    coalesce(pow(2.0, -({{ days }}) / {{ half_life_days }}), 1.0)
{%- endmacro %}

{% macro days_from(earlier, later) %}
    {#- Whole days between two dates. -#}
    {{- return(adapter.dispatch('days_from', 'funnelhouse')(earlier, later)) -}}
{% endmacro %}

{% macro default__days_from(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}

{% macro spark__days_from(earlier, later) -%}
    datediff({{ later }}, {{ earlier }})
{%- endmacro %}

{% macro group_score_on(changes, day, dimension) -%}
    {#- What a change of a rule group is worth on a day: its points, faded; nothing before it or after the next. -#}
    case
        when
            {{ changes }}.dimension = '{{ dimension }}'
            and {{ changes }}.changed_date <= {{ day }}
            and coalesce({{ changes }}.next_changed_date, date '9999-12-31') > {{ day }}
            then {{ changes }}.score * {{ share_left(
                changes ~ '.half_life_days', days_from(changes ~ '.changed_date', day)
            ) }}
        else 0.0
    end
{%- endmacro %}

{% macro score_sum(points) -%}
    {#- A sum of points that does not depend on the order in which they come, to 1e-12. -#}
    cast(sum(cast({{ points }} as decimal(18, 12))) as double)
{%- endmacro %}
