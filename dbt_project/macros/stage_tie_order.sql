{% macro stage_tie_order(stages) -%}
    {#- Of two stages in the same instant the one further on came later, and leaving the way last of all. -#}
    coalesce(nullif({{ stages }}.stage_order, 0), 1000)
{%- endmacro %}
