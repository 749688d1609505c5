-- Fails if an event of the input contract, or a stay in a stage, begins or ends later than `as_of`.
{{ config(meta={'dagster': {'ref': {'name': 'int_stage_visits'}}}) }}

{%- set events = {
    'leads': ['created_at'],
    'lead_stage_changes': ['changed_at'],
    'lead_owner_changes': ['changed_at'],
    'lead_attribute_changes': ['changed_at'],
    'account_attribute_changes': ['changed_at'],
    'opportunities': ['created_at'],
    'opportunity_stage_changes': ['changed_at'],
    'activities': ['occurred_at'],
    'identity_links': ['linked_at'],
    'consents': ['changed_at'],
    'int_opportunities_dated': ['created_at', 'closed_at'],
    'int_stage_visits': ['entered_at', 'exited_at'],
} %}

with latest as (

    {% for relation, moments in events.items() -%}
    {%- set last_of_relation = loop.last -%}
    {%- for moment in moments -%}
    select '{{ relation }}.{{ moment }}' as event, max({{ moment }}) as latest_at from {{ ref(relation) }}
    {{ 'union all' if not (loop.last and last_of_relation) }}
    {% endfor -%}
    {%- endfor %}

)

select * from latest
where latest_at > {{ as_of() }}
