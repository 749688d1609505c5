{#- Time arithmetic that gives the same on every engine; dbt's own datediff and date_trunc do not. -#}

{% macro epoch_seconds(moment) %}
    {{- return(adapter.dispatch('epoch_seconds', 'funnelhouse')(moment)) -}}
{% endmacro %}

{% macro default__epoch_seconds(moment) -%}
    epoch({{ moment }})
{%- endmacro %}

{% macro spark__epoch_seconds(moment) -%}
    (unix_micros({{ moment }}) / 1000000.0)
{%- endmacro %}

{% macro days_between(earlier, later) -%}
    (({{ epoch_seconds(later) }} - {{ epoch_seconds(earlier) }}) / 86400.0)
{%- endmacro %}

{% macro add_minutes(moment, minutes) %}
    {{- return(adapter.dispatch('add_minutes', 'funnelhouse')(moment, minutes)) -}}
{% endmacro %}

{% macro default__add_minutes(moment, minutes) -%}
    ({{ moment }} + to_minutes(cast({{ minutes }} as int)))
{%- endmacro %}

{% macro spark__add_minutes(moment, minutes) -%}
    ({{ moment }} + make_dt_interval(0, 0, {{ minutes }}, 0))
{%- endmacro %}

{% macro whole_days_between(earlier_day, later_day) -%}
    {#- How many days one day lies after another, as a number. -#}
    cast({{ days_between('cast(' ~ earlier_day ~ ' as timestamp)', 'cast(' ~ later_day ~ ' as timestamp)') }} as double)
{%- endmacro %}

{% macro hours_between(earlier, later) -%}
    (({{ epoch_seconds(later) }} - {{ epoch_seconds(earlier) }}) / 3600.0)
{%- endmacro %}

{% macro add_seconds(moment, seconds) %}
    {{- return(adapter.dispatch('add_seconds', 'funnelhouse')(moment, seconds)) -}}
{% endmacro %}

{% macro default__add_seconds(moment, seconds) -%}
    ({{ moment }} + to_microseconds(cast(round(({{ seconds }}) * 1000000) as bigint)))
{%- endmacro %}

{% macro spark__add_seconds(moment, seconds) -%}
    timestamp_micros(unix_micros({{ moment }}) + cast(round(({{ seconds }}) * 1000000) as bigint))
{%- endmacro %}

{% macro local_date(moment, precision="'second'") -%}
    {#- The day of a moment in the reporting time zone; a moment known only by its day is that day already. -#}
    case
        when {{ precision }} = 'day' then cast({{ moment }} as date)
        else cast({{ to_local(moment) }} as date)
    end
{%- endmacro %}

{% macro to_local(moment) %}
    {{- return(adapter.dispatch('to_local', 'funnelhouse')(moment)) -}}
{% endmacro %}

{% macro default__to_local(moment) -%}
    timezone({{ setting('reporting_timezone') }}, timezone('UTC', {{ moment }}))
{%- endmacro %}

{% macro spark__to_local(moment) -%}
    from_utc_timestamp({{ moment }}, {{ setting('reporting_timezone') }})
{%- endmacro %}

{% macro to_utc(local_moment) %}
    {#- The moment at which clocks in the reporting time zone show this. -#}
    {{- return(adapter.dispatch('to_utc', 'funnelhouse')(local_moment)) -}}
{% endmacro %}

{% macro default__to_utc(local_moment) -%}
    timezone('UTC', timezone({{ setting('reporting_timezone') }}, cast({{ local_moment }} as timestamp)))
{%- endmacro %}

{% macro spark__to_utc(local_moment) -%}
    to_utc_timestamp(cast({{ local_moment }} as timestamp), {{ setting('reporting_timezone') }})
{%- endmacro %}

{% macro end_of_day(local_day) -%}
    {#- The moment at which a day ends in the reporting time zone: the first of the next one. -#}
    {{ to_utc(add_days(local_day, 1)) }}
{%- endmacro %}

{% macro latest_moment(moment, precision) -%}
    {#- The latest that something can have happened: of what is known by its day, the last second of that day. -#}
    case
        when {{ precision }} = 'day' then {{ add_seconds(end_of_day('cast(' ~ moment ~ ' as date)'), -1) }}
        else {{ moment }}
    end
{%- endmacro %}

{% macro month_start(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{% macro first_quarter_from(moment) -%}
    {#- The first day of the first quarter that begins, in the reporting time zone, at a moment or later. -#}
    {%- set last_day_before = local_date(add_seconds(moment, -0.000001)) -%}
    {{ add_months("cast(date_trunc('quarter', " ~ last_day_before ~ ') as date)', 3) }}
{%- endmacro %}

{% macro add_days(day, days) %}
    {{- return(adapter.dispatch('add_days', 'funnelhouse')(day, days)) -}}
{% endmacro %}

{% macro default__add_days(day, days) -%}
    ({{ day }} + cast({{ days }} as int))
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}

{% macro add_months(day, months) %}
    {{- return(adapter.dispatch('add_months', 'funnelhouse')(day, months)) -}}
{% endmacro %}

{% macro default__add_months(day, months) -%}
    cast({{ day }} + to_months(cast({{ months }} as int)) as date)
{%- endmacro %}

{% macro spark__add_months(day, months) -%}
    add_months({{ day }}, {{ months }})
{%- endmacro %}

{% macro days_from_to(first_day, last_day) %}
    {#- All days from one to the other, both included, as a column `date_day` of a relation. -#}
    {{- return(adapter.dispatch('days_from_to', 'funnelhouse')(first_day, last_day)) -}}
{% endmacro %}

{% macro default__days_from_to(first_day, last_day) -%}
    (
        select cast(spine.moment as date) as date_day
        from generate_series(cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day) as spine (moment)
    )
{%- endmacro %}

{% macro spark__days_from_to(first_day, last_day) -%}
    (select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as date_day)
{%- endmacro %}
