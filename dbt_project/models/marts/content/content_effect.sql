{{ config(
    materialized='table_macro',
    parameters=filter_parameters({
        'in_stage': 'cast(null as varchar)', 'by_stage': 'false', 'with_exposure': 'false'
    }),
) }}

with build as (

    select as_of, least_group_count, content_effect_days
    from {{ ref('dim_build') }}

),

-- The stays of all leads in a stage, of which as many days are known as of an interaction.
stays as (

    select
        visits.stage,
        visits.persona,
        build.least_group_count,
        coalesce(
            visits.direction = 'forward'
            and {{ days_between('visits.entered_at', 'visits.exited_at') }} <= build.content_effect_days,
            false
        ) as is_advanced
    from {{ ref('fct_lead_stage_visits') }} as visits
    cross join build
    where
        visits.visit_number = 1
        and not visits.is_left_truncated
        and {{ days_between('visits.entered_at', 'build.as_of') }} >= build.content_effect_days

),

baselines as (

    select stage, count(*) filter (where is_advanced) / count(*) as advanced_rate
    from stays
    group by stage

),

-- A buyer moves on more often than a user, whatever either reads: like is compared with like, where there are enough.
persona_baselines as (

    select stage, persona, count(*) filter (where is_advanced) / count(*) as advanced_rate
    from stays
    group by stage, persona, least_group_count
    having count(*) >= least_group_count

),

chosen as (

    select
        interactions.*,
        {{ dimension_value('interactions', {
            'content': 'interactions.content_id',
            'topic': 'interactions.topic',
            'type': 'interactions.content_type',
            'phase': 'interactions.funnel_phase',
            'stage': 'interactions.stage',
        }) }} as dimension_value,
        case when by_stage then coalesce(interactions.stage, '(none)') end as stage_apart
    from {{ ref('fct_content_interactions') }} as interactions
    where
        (with_exposure or interactions.is_touch)
        and (in_stage is null or interactions.stage = in_stage)
        and {{ is_in_period('interactions.occurred_date') }}
        and {{ passes_filters('interactions') }}

),

-- Whoever meets two pieces of one topic in a stage met the topic once.
numbered as (

    select
        *,
        row_number() over (
            partition by dimension_value, lead_id, stage order by occurred_at, activity_id
        ) as meeting_number
    from chosen

),

summarised as (

    select
        numbered.dimension_value,
        numbered.stage_apart,
        count(*) as interaction_count,
        count(distinct numbered.lead_id) as lead_count,
        count(*) filter (where numbered.meeting_number = 1 and numbered.is_mature) as mature_count,
        count(*) filter (
            where numbered.meeting_number = 1 and numbered.is_mature and numbered.is_advanced
        ) as advanced_count,
        avg(coalesce(persona_baselines.advanced_rate, baselines.advanced_rate)) filter (
            where numbered.meeting_number = 1 and numbered.is_mature
        ) as baseline_rate
    from numbered
    left join baselines on numbered.stage = baselines.stage
    left join persona_baselines
        on
            numbered.stage = persona_baselines.stage
            and numbered.persona is not distinct from persona_baselines.persona
    group by numbered.dimension_value, numbered.stage_apart

),

judged as (

    select
        summarised.*,
        build.content_effect_days as within_days,
        case when summarised.mature_count >= build.least_group_count then summarised.mature_count end as judged_count
    from summarised
    cross join build

)

select
    dimension_value,
    judged.stage_apart as stage,
    within_days,
    interaction_count,
    lead_count,
    mature_count,
    advanced_count,
    advanced_count / judged_count as advanced_rate,
    {{ wilson_lower('advanced_count', 'judged_count') }} as advanced_rate_lower,
    {{ wilson_upper('advanced_count', 'judged_count') }} as advanced_rate_upper,
    case when judged_count is not null then baseline_rate end as baseline_rate,
    'observed, not causal' as label
from judged
left join {{ ref('dim_stages') }} as stages on judged.stage_apart = stages.stage and stages.track = 'lead'
order by dimension_value, stages.stage_order nulls first, stage
