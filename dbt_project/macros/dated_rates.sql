{% macro dated_rates() -%}
    {#- Exchange rates with the days for which they hold: each until the next one. -#}
    select
        currency,
        date as valid_from,
        lead(date, 1, date '9999-12-31') over (partition by currency order by date) as valid_to,
        rate_to_reporting
    from {{ ref('fx_rates_daily') }}
    where not is_deleted
{%- endmacro %}

{% macro join_rate(rates, currency, day) -%}
    {#- The rate in force of a currency on a day. -#}
    left join {{ rates }}
        on
            {{ currency }} = {{ rates }}.currency
            and {{ day }} >= {{ rates }}.valid_from
            and {{ day }} < {{ rates }}.valid_to
{%- endmacro %}

{% macro converted(amount, currency, rates) -%}
    {#- An amount in the reporting currency at that rate; null without one. -#}
    {{ amount }} * case
        when {{ currency }} = {{ setting('reporting_currency') }} then 1.0
        else {{ rates }}.rate_to_reporting
    end
{%- endmacro %}

{% macro is_rate_missing(currency, rates) -%}
    ({{ currency }} != {{ setting('reporting_currency') }} and {{ rates }}.rate_to_reporting is null)
{%- endmacro %}

{% macro is_rate_stale(currency, day, rates) -%}
    (
        {{ currency }} != {{ setting('reporting_currency') }}
        and coalesce({{ day }} > {{ add_days(rates ~ '.valid_from', setting('stale_rate_days', 'int')) }}, false)
    )
{%- endmacro %}
