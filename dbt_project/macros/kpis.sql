{% macro measures_of(events, measures, dimensions=[]) -%}
    {#-
        One row per month, measure and combination of dimensions of dated events.

        measures    name, condition and amount of each
        dimensions  which of the six the events have, as columns; the others are null: the amount is not split by them
    -#}
    {%- set all_dimensions = ['channel', 'campaign_id', 'persona', 'segment', 'product', 'country'] -%}
    {%- for measure, condition, amount in measures %}
    select
        month_start_date,
        '{{ measure }}' as measure,
        {%- for dimension in all_dimensions %}
        {{ dimension if dimension in dimensions else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as {{ dimension }},
        {%- endfor %}
        {{ exact_sum(amount, 9) }} as amount,
        count(*) > count({{ amount }}) as is_partly_unknown
    from {{ events }}
    where {{ condition }} and month_start_date is not null
    group by {{ (['month_start_date'] + dimensions) | join(', ') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro named(columns, relation) -%}
    {#- These columns of a relation, '(none)' where a record has no value: it is split by them all the same. -#}
    {%- for column in columns %}
        coalesce({{ relation }}.{{ column }}, '(none)') as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro cost_kinds() -%}
    {#- Which costs are looked at by themselves, and which rows of fct_costs each of them adds up. -#}
    {{- return({
        'total': 'true',
        'marketing': "team = 'marketing'",
        'sales': "team = 'sales'",
        'media': "cost_type = 'media'",
        'acquire': "phase = 'acquire'",
        'nurture': "phase = 'nurture'",
        'close': "phase = 'close'",
    }) -}}
{%- endmacro %}

{% macro cost_measures() -%}
    {#- Each kind of cost as a measure. -#}
    {%- set measures = [] -%}
    {%- for kind, condition in cost_kinds().items() -%}
        {%- do measures.append((kind ~ '_cost', condition, 'cost_amount')) -%}
    {%- endfor -%}
    {{- return(measures) -}}
{%- endmacro %}
