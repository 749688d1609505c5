{#- 95 % bounds of a share of successes among trials (Wilson 1927); null without trials. -#}

{% macro wilson_lower(successes, trials) -%}
    {{ wilson_bound(successes, trials, '-') }}
{%- endmacro %}

{% macro wilson_upper(successes, trials) -%}
    {{ wilson_bound(successes, trials, '+') }}
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
    {%- set z = normal_quantile() -%}
    {%- set share -%} (cast({{ successes }} as double) / nullif({{ trials }}, 0)) {%- endset -%}
    greatest(0.0, least(1.0,
        (
            {{ share }} + {{ z }} * {{ z }} / (2 * nullif({{ trials }}, 0))
            {{ sign }} {{ z }} * sqrt(
                {{ share }} * (1 - {{ share }}) / nullif({{ trials }}, 0)
                + {{ z }} * {{ z }} / (4 * cast({{ trials }} as double) * nullif({{ trials }}, 0))
            )
        ) / (1 + {{ z }} * {{ z }} / nullif({{ trials }}, 0))
    ))
{%- endmacro %}

{% macro normal_quantile() -%}
    {#- 97.5 % of a standard normal variable lie below it: two-sided bounds of 95 %. -#}
    1.959963984540054
{%- endmacro %}
