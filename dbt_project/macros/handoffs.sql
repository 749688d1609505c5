{% macro handoffs_chosen(on_clock) -%}
    {#- The hand-overs of one clock (SQL) that started in the period and pass the filters, with the value they are grouped by. -#}
    select
        handoffs.*,
        {{ dimension_value('handoffs', {
            'month': "date_trunc('month', handoffs.started_date)::date",
            'owner': 'handoffs.owner_id',
            'team': 'handoffs.team',
            'region': 'handoffs.region',
            'attempt': "case when handoffs.attempt_number = 1 then 'fresh' else 'recycled' end",
            'reason': 'handoffs.reason_group',
            'nurture_track': 'handoffs.nurture_track',
        }) }} as dimension_value
    from {{ ref('fct_lead_handoffs') }} as handoffs
    where
        handoffs.clock = {{ on_clock }}
        and {{ is_in_period('handoffs.started_date') }}
        and {{ passes_filters('handoffs') }}
{%- endmacro %}
