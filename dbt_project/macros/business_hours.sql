{#- Business hours are counted as those of a calendar since its first day: between two moments lies their difference. -#}

{% macro join_business_day(alias, calendar, moment) -%}
    {#- Joins, as `alias`, the last business day of a calendar that has opened by a moment, with the next day's opening. -#}
    left join (
        select
            calendar,
            opens_at,
            closes_at,
            hours_before,
            lead(opens_at, 1, timestamp '9999-12-31 00:00:00') over (partition by calendar order by opens_at)
                as next_opens_at
        from {{ ref('business_days') }}
    ) as {{ alias }}
        on
            {{ alias }}.calendar = {{ calendar }}
            and {{ moment }} >= {{ alias }}.opens_at
            and {{ moment }} < {{ alias }}.next_opens_at
{%- endmacro %}

{% macro business_hours_until(moment, business_day) -%}
    {#- The business hours of a calendar until a moment; `business_day` as joined by `join_business_day`. -#}
    (
        {{ business_day }}.hours_before
        + {{ hours_between(business_day ~ '.opens_at', 'least(' ~ moment ~ ', ' ~ business_day ~ '.closes_at)') }}
    )
{%- endmacro %}
