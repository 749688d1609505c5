{#-
    Of the milestones of a deal's journey: columns <milestone>_at, <milestone>_precision and <milestone>_date of the relation
    `milestones`.
-#}

{% macro comes_before(later, earlier) -%}
    {#- Whether the later milestone came first. Where one of them is known only by its day, one day is no disorder. -#}
    (
        milestones.{{ later }}_at < milestones.{{ earlier }}_at
        and (
            milestones.{{ later }}_date < milestones.{{ earlier }}_date
            or (milestones.{{ later }}_precision = 'second' and milestones.{{ earlier }}_precision = 'second')
        )
    )
{%- endmacro %}

{% macro ordered_days(earlier, later) -%}
    {#- Elapsed days from one milestone to a later one; null where one is unknown or the later came first. -#}
    case
        when milestones.{{ later }}_at >= milestones.{{ earlier }}_at
            then {{ days_between('milestones.' ~ earlier ~ '_at', 'milestones.' ~ later ~ '_at') }}
        when not {{ comes_before(later, earlier) }} then 0.0
    end
{%- endmacro %}

{% macro is_out_of_order(names) -%}
    {#- Whether any of the milestones, named in the order in which they should come, comes before an earlier one. -#}
    {%- set disorders = [] -%}
    {%- for later in names -%}
        {%- for earlier in names[:loop.index0] -%}
            {%- do disorders.append('coalesce(' ~ comes_before(later, earlier) ~ ', false)') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- disorders | join(' or ') -}}
{%- endmacro %}
