{#- 95 % bounds of a share of successes among trials (Wilson 1927), or of another `quantile`; null without trials. -#}

{% macro wilson_lower(successes, trials, quantile=none) -%}
    {{ wilson_bound(successes, trials, '-', quantile) }}
{%- endmacro %}

{% macro wilson_upper(successes, trials, quantile=none) -%}
    {{ wilson_bound(successes, trials, '+', quantile) }}
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign, quantile=none) -%}
    {%- set z = quantile or normal_quantile() -%}
    {%- set share -%} (cast({{ successes }} as double) / {{ trials }}) {%- endset -%}
    -- Of a null, `greatest` and `least` take the other value.
    case
        when {{ trials }} > 0
            then greatest(0.0, least(1.0, (
                {{ share }} + {{ z }} * {{ z }} / (2 * {{ trials }})
                {{ sign }} {{ z }} * sqrt(
                    {{ share }} * (1 - {{ share }}) / {{ trials }} + {{ z }} * {{ z }} / (4.0 * {{ trials }} * {{ trials }})
                )
            ) / (1 + {{ z }} * {{ z }} / {{ trials }})))
    end
{%- endmacro %}

{% macro normal_quantile() -%}
    {#- 97.5 % of a standard normal variable lie below it: two-sided bounds of 95 %. -#}
    1.959963984540054
{%- endmacro %}
