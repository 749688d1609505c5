{{ config(
    materialized='table_macro',
    parameters=filter_parameters({
        'in_stage': 'cast(null as varchar)', 'by_stage': 'false', 'with_exposure': 'false'
    }),
) }}

{%- set dimension -%}
{{ dimension_value('interactions', {
    'content': 'interactions.content_id',
    'topic': 'interactions.topic',
    'type': 'interactions.content_type',
    'phase': 'interactions.funnel_phase',
    'stage': 'interactions.stage',
}) }}
{%- endset -%}
{%- set is_chosen -%}
(with_exposure or interactions.is_touch)
        and (in_stage is null or interactions.stage = in_stage)
        and {{ is_in_period('interactions.occurred_date') }}
        and {{ passes_filters('interactions') }}
{%- endset -%}
{#- Of touches alone, of a person's whole life, where the value that they are grouped by is the same or the content. -#}
{%- set is_told_by_days -%}
coalesce(interactions.is_plain, false)
            and not with_exposure
            and channels is null
            and campaign_ids is null
            and group_by in ('all', 'persona', 'segment', 'product', 'stage', 'content')
{%- endset -%}

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

stays_counted as (

    select
        stage,
        persona,
        least_group_count,
        count(*) as stay_count,
        count(*) filter (where is_advanced) as advanced_count
    from stays
    group by stage, persona, least_group_count

),

baselines as (

    select stage, sum(advanced_count) / sum(stay_count) as advanced_rate
    from stays_counted
    group by stage

),

-- A buyer moves on more often than a user, whatever either reads: like is compared with like, where there are enough.
persona_baselines as (

    select stage, persona, advanced_count / stay_count as advanced_rate
    from stays_counted
    where stay_count >= least_group_count

),

-- Whoever meets two pieces of one topic in a stage met the topic once: the first of these meetings counts. Of nearly
-- all people the day of the touch before tells which one that is, however the period is chosen.
meetings as (

    select
        {{ dimension }} as dimension_value,
        interactions.stage,
        interactions.persona,
        interactions.is_mature,
        interactions.is_advanced,
        case
            when group_by = 'content' then interactions.previous_of_content_in_stage_date
            else interactions.previous_in_stage_date
        end as previous_in_stage_date,
        case
            when group_by = 'content' and (by_stage or in_stage is not null)
                then interactions.previous_of_content_in_stage_date
            when group_by = 'content' then interactions.previous_of_content_date
            when group_by = 'stage' or by_stage or in_stage is not null then interactions.previous_in_stage_date
            else interactions.previous_date
        end as previous_date
    from {{ ref('fct_content_interactions') }} as interactions
    where
        {{ is_chosen }}
        and {{ is_told_by_days }}

),

others as (

    select
        {{ dimension }} as dimension_value,
        case when by_stage then coalesce(interactions.stage, '(none)') end as stage_apart,
        interactions.lead_id,
        interactions.activity_id,
        interactions.occurred_at,
        interactions.stage,
        interactions.persona,
        interactions.is_mature,
        interactions.is_advanced
    from {{ ref('fct_content_interactions') }} as interactions
    where
        {{ is_chosen }}
        and not ({{ is_told_by_days }})

),

others_numbered as (

    select
        *,
        row_number() over (
            partition by dimension_value, lead_id, stage order by occurred_at, activity_id
        ) as meeting_number,
        row_number() over (
            partition by dimension_value, lead_id, stage_apart order by occurred_at, activity_id
        ) as meeting_of_lead_number
    from others

),

firsts as (

    select
        dimension_value,
        stage,
        persona,
        is_mature,
        is_advanced,
        previous_in_stage_date is null or coalesce(previous_in_stage_date < from_date, false) as is_first_in_stage,
        previous_date is null or coalesce(previous_date < from_date, false) as is_first
    from meetings
    union all
    select
        dimension_value,
        stage,
        persona,
        is_mature,
        is_advanced,
        meeting_number = 1 as is_first_in_stage,
        meeting_of_lead_number = 1 as is_first
    from others_numbered

),

meetings_counted as (

    select
        dimension_value,
        stage,
        persona,
        count(*) as interaction_count,
        count(case when is_first then 1 end) as lead_count,
        count(case when is_first_in_stage and is_mature then 1 end) as mature_count,
        count(case when is_first_in_stage and is_mature and is_advanced then 1 end) as advanced_count
    from firsts
    group by dimension_value, stage, persona

),

compared as (

    select
        meetings_counted.*,
        case when by_stage then coalesce(meetings_counted.stage, '(none)') end as stage_apart,
        coalesce(persona_baselines.advanced_rate, baselines.advanced_rate) as baseline_rate
    from meetings_counted
    left join baselines on meetings_counted.stage = baselines.stage
    left join persona_baselines
        on
            meetings_counted.stage = persona_baselines.stage
            and meetings_counted.persona is not distinct from persona_baselines.persona

),

summarised as (

    select
        dimension_value,
        stage_apart,
        cast(sum(interaction_count) as bigint) as interaction_count,
        cast(sum(lead_count) as bigint) as lead_count,
        cast(sum(mature_count) as bigint) as mature_count,
        cast(sum(advanced_count) as bigint) as advanced_count,
        sum(mature_count * baseline_rate)
        / nullif(sum(case when baseline_rate is not null then mature_count end), 0) as baseline_rate
    from compared
    group by dimension_value, stage_apart

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
