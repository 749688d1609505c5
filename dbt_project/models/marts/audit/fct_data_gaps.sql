{%- set entities = [
    'leads', 'accounts', 'opportunities', 'lead_stage_changes', 'opportunity_stage_changes', 'opportunity_contacts',
] -%}

with gaps as (

    select * from {{ ref('data_gaps') }}

),

findings as (

    select * from {{ ref('int_data_gap_findings') }}

),

numbered as (

    select
        gap,
        entity_id,
        row_number() over (partition by gap order by entity_id) as finding_number
    from findings

),

counted as (

    select
        gap,
        count(*) as affected_count,
        {{ joined_text("case when finding_number <= 5 then entity_id end", 'entity_id') }} as example_ids
    from numbered
    group by gap

),

totals as (

    {% for entity in entities -%}
    select '{{ entity }}' as entity, count(*) as total_count from {{ ref(entity) }}
    where not is_deleted
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

described as (

    select
        gaps.gap,
        gaps.entity,
        gaps.severity,
        gaps.description,
        gaps.recommended_action,
        coalesce(counted.affected_count, 0) as affected_count,
        totals.total_count,
        coalesce(counted.affected_count, 0) / cast(nullif(totals.total_count, 0) as double) as affected_rate,
        counted.example_ids
    from gaps
    inner join totals on gaps.entity = totals.entity
    left join counted on gaps.gap = counted.gap

)

select * from described
