{%- set stages = [
    ('lead_stage_changes', 'lead', 'lead_id'), ('opportunity_stage_changes', 'opportunity', 'opportunity_id'),
] -%}

with given as (
    {{ union_sources('quarantine', contract_columns()) }}
),

refused as (

    select
        entity,
        file,
        line,
        record_id,
        column_name,
        {{ without_values('reason') }} as reason,
        source,
        loaded_at,
        is_deleted
    from given

),

{% for entity, track, id in stages -%}
{{ entity }} as (
    {{ union_sources(entity, {
        'source': 'string', id: 'string', 'stage': 'string', 'changed_at': 'timestamp', 'loaded_at': 'timestamp',
        'is_deleted': 'boolean',
    }) }}
),

unknown_{{ entity }} as (

    select
        '{{ entity }}' as entity,
        'stage_mappings.csv' as file,
        cast(null as bigint) as line,
        changes.{{ id }} || ' ' || changes.stage || ' ' || cast(changes.changed_at as string) as record_id,
        'stage' as column_name,
        'stage ''' || changes.stage || ''' is unknown; give it a row in stage_mappings.csv' as reason,
        changes.source,
        changes.loaded_at,
        false as is_deleted
    from {{ entity }} as changes
    left join {{ ref('stage_mappings') }} as stage_names
        on
            stage_names.track = '{{ track }}'
            and changes.source = stage_names.source
            and changes.stage = stage_names.source_stage
    left join {{ ref('lifecycle_stages') }} as known_stages
        on known_stages.track = '{{ track }}' and changes.stage = known_stages.stage
    where
        not changes.is_deleted
        and changes.changed_at <= {{ as_of() }}
        and stage_names.source is null
        and known_stages.stage is null

),

{% endfor -%}
activities as (
    {{ union_sources('activities', {
        'source': 'string', 'activity_id': 'string', 'activity_type': 'string', 'occurred_at': 'timestamp',
        'loaded_at': 'timestamp', 'is_deleted': 'boolean',
    }) }}
),

unknown_activities as (

    select
        'activities' as entity,
        'activity_mappings.csv' as file,
        cast(null as bigint) as line,
        activities.activity_id as record_id,
        'activity_type' as column_name,
        'activity ''' || activities.activity_type || ''' is unknown; give it a row in activity_mappings.csv' as reason,
        activities.source,
        activities.loaded_at,
        false as is_deleted
    from activities
    inner join {{ ref('activity_names') }} as activity_names
        on
            activities.source = activity_names.source
            and activities.activity_type = activity_names.source_activity
            and not activity_names.is_known
    where not activities.is_deleted and activities.occurred_at <= {{ as_of() }}

),

unioned as (

    select * from refused
    {%- for entity, _, _ in stages %}
    union all
    select * from unknown_{{ entity }}
    {%- endfor %}
    union all
    select * from unknown_activities

)

select * from unioned
