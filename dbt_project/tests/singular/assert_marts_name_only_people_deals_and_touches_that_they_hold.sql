-- Fails if a mart names a person, a deal, a touch or a conversion that its own mart does not hold.
{{ config(meta={'dagster': {'ref': {'name': 'fct_conversions'}}}) }}

{#-
    What a relationships test beside the column covers is not here. Nor are the people of `fct_touches`: a source may tell
    of somebody whom no source has as a lead, and that is no reason to publish nothing.
-#}
{%- set named = [
    ('fct_opportunities', 'primary_lead_id', 'dim_leads', 'lead_id'),
    ('fct_conversions', 'lead_id', 'dim_leads', 'lead_id'),
    ('fct_conversions', 'opportunity_id', 'fct_opportunities', 'opportunity_id'),
    ('fct_attributed_touches', 'conversion_id', 'fct_conversions', 'conversion_id'),
    ('fct_attributed_touches', 'touch_id', 'fct_touches', 'touch_id'),
    ('fct_qualifications', 'lead_id', 'dim_leads', 'lead_id'),
    ('fct_lead_score_changes', 'lead_id', 'dim_leads', 'lead_id'),
    ('fct_lead_score_contributions', 'lead_id', 'dim_leads', 'lead_id'),
] %}

with
{%- for mart, column, target, key in named %}

named_{{ loop.index }} as (

    select '{{ mart }}.{{ column }}' as named_by, count(distinct naming.{{ column }}) as unknown_count
    from {{ ref(mart) }} as naming
    left join {{ ref(target) }} as held on naming.{{ column }} = held.{{ key }}
    where naming.{{ column }} is not null and held.{{ key }} is null

),
{%- endfor %}

all_named as (
    {% for _ in named %}
    select named_by, unknown_count from named_{{ loop.index }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from all_named
where unknown_count > 0
