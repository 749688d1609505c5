{% macro critical_values() -%}
    {#-
        By how many variants are held against the baseline: the quantile of the standard normal distribution that bounds all
        these comparisons together at 95 % (Bonferroni: 1 − 0.025 ÷ count), and the chi-square value, of as many degrees
        of freedom, that units divided evenly exceed once in a thousand experiments.
    -#}
    select comparison_count, normal_quantile, chi_square
    from (
        values
        (1, 1.959963984540054, 10.827566170662733),
        (2, 2.241402727604947, 13.815510557964274),
        (3, 2.3939797998185104, 16.26623619623813),
        (4, 2.497705474412374, 18.46682695290317),
        (5, 2.5758293035489004, 20.515005652432873),
        (6, 2.638257273476751, 22.457744484825323),
        (7, 2.690109527158867, 24.321886347856854),
        (8, 2.7343687865331767, 26.12448155837614),
        (9, 2.7729212946086634, 27.877164871256568)
    ) as quantiles (comparison_count, normal_quantile, chi_square)
{%- endmacro %}

{% macro welch_degrees_of_freedom(variance, count, other_variance, other_count) -%}
    {#- Of the difference of two means with variances of their own (Welch 1947); null where nothing varies. -#}
    pow({{ variance }} / {{ count }} + {{ other_variance }} / {{ other_count }}, 2)
    / nullif(
        pow({{ variance }} / {{ count }}, 2) / ({{ count }} - 1)
        + pow({{ other_variance }} / {{ other_count }}, 2) / ({{ other_count }} - 1),
        0
    )
{%- endmacro %}

{% macro t_quantile(normal_quantile, degrees_of_freedom) -%}
    {#-
        Student's t by the normal quantile of the same probability: the expansion of Abramowitz and Stegun (26.7.5), off by less
        than 0.0001 from 15 degrees of freedom on.
    -#}
    (
        {{ normal_quantile }}
        + (pow({{ normal_quantile }}, 3) + {{ normal_quantile }}) / (4 * {{ degrees_of_freedom }})
        + (5 * pow({{ normal_quantile }}, 5) + 16 * pow({{ normal_quantile }}, 3) + 3 * {{ normal_quantile }})
        / (96 * pow({{ degrees_of_freedom }}, 2))
        + (
            3 * pow({{ normal_quantile }}, 7) + 19 * pow({{ normal_quantile }}, 5)
            + 17 * pow({{ normal_quantile }}, 3) - 15 * {{ normal_quantile }}
        ) / (384 * pow({{ degrees_of_freedom }}, 3))
    )
{%- endmacro %}

{% macro units_needed(variance, effect, normal_quantile) -%}
    {#-
        How many units each variant needs for an effect of this size to be found in 80 of 100 experiments; `variance` is the sum of
        the two variants' variances (Fleiss, Levin and Paik 2003, without correction for continuity).
    -#}
    {%- set power_quantile = 0.8416212335729143 -%}
    ceil(
        ({{ variance }}) * pow({{ normal_quantile }} + {{ power_quantile }}, 2) / nullif({{ effect }} * {{ effect }}, 0)
    )
{%- endmacro %}
