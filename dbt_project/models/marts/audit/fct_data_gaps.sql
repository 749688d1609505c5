{%- set entities = [
    'leads', 'accounts', 'opportunities', 'lead_stage_changes', 'opportunity_stage_changes', 'opportunity_contacts',
    'campaigns',
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
        affected_count,
        row_number() over (partition by gap order by affected_count desc, entity_id asc) as finding_number
    from findings

),

counted as (

    select
        gap,
        cast(sum(affected_count) as bigint) as affected_count,
        {{ joined_text("case when finding_number <= 5 then entity_id end", 'finding_number') }} as example_ids
    from numbered
    group by gap

),

activities as (

    select
        activities.*,
        activity_types.is_web
    from {{ ref('int_activities_classified') }} as activities
    left join {{ ref('activity_types') }} as activity_types on activities.activity_type = activity_types.activity_type

),

totals as (

    {% for entity in entities -%}
    select '{{ entity }}' as entity, count(*) as total_count from {{ ref(entity) }}
    where not is_deleted
    union all
    {% endfor -%}
    select 'tagged_activities', count(campaign_tag) from activities
    union all
    select 'ad_clicks', count(click_kind) from activities
    union all
    select 'touches', count(case when is_touch then 1 end) from activities
    union all
    select 'web_activities', count(case when is_web then 1 end) from activities
    union all
    select 'returns', count(return_reason) from {{ ref('fct_lead_handoffs') }}
    where clock = 'qualified'
    union all
    select 'spend', count(*) from {{ ref('int_campaign_spend_valued') }}
    union all
    select 'costs', count(*) from {{ ref('int_monthly_costs_valued') }}
    union all
    select 'media_months', count(*) from {{ ref('int_media_costs_compared') }}

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
