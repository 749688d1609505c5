with qualifications as (

    select * from {{ ref('int_qualifications') }}

),

stages as (

    select stage, stage_role, stage_order from {{ ref('lifecycle_stages') }}
    where track = 'lead' and stage_order > 0

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

changes as (

    select * from {{ ref('fct_lead_score_changes') }}

),

visits as (

    select * from {{ ref('fct_lead_stage_visits') }}
    where not is_left_truncated

),

ended as (

    select
        *,
        lead(detected_at) over (
            partition by score_version, lead_id, stage_order order by crossing_number
        ) as next_detected_at
    from qualifications

),

-- The clocks of two systems differ: sales may have moved the lead before the record of what the person did.
visits_that_followed as (

    select
        ended.score_version,
        ended.lead_id,
        ended.stage_order,
        ended.crossing_number,
        min(visits.entered_at) as recorded_at,
        max(visits.stage_order) as furthest_stage_order,
        min(case when visits.stage_order > ended.stage_order then visits.entered_at end) as advanced_at,
        min(case when visits.direction in ('recycled', 'backward') then visits.exited_at end) as returned_at,
        min(case when visits.direction = 'out' then visits.exited_at end) as disqualified_at
    from ended
    inner join visits
        on
            ended.lead_id = visits.lead_id
            and visits.stage_order >= ended.stage_order
            and visits.entered_at >= {{ add_minutes('ended.occurred_at', '-' ~ setting('touch_grace_minutes', 'int')) }}
            and (ended.next_detected_at is null or visits.entered_at < ended.next_detected_at)
    group by ended.score_version, ended.lead_id, ended.stage_order, ended.crossing_number

),

scores_then as (

    select
        ended.score_version,
        ended.lead_id,
        ended.stage_order,
        ended.crossing_number,
        {{ score_sum(group_score_on('changes', local_date('ended.detected_at'), 'fit')) }} as fit_score,
        {{ score_sum(group_score_on('changes', local_date('ended.detected_at'), 'intent')) }} as intent_score
    from ended
    inner join changes
        on
            ended.score_version = changes.score_version
            and ended.lead_id = changes.lead_id
            and {{ local_date('ended.detected_at') }} >= changes.changed_date
    group by ended.score_version, ended.lead_id, ended.stage_order, ended.crossing_number

),

compared as (

    select
        ended.score_version,
        ended.lead_id,
        stages.stage,
        ended.stage_order,
        ended.crossing_number,
        ended.occurred_at,
        ended.detected_at,
        {{ local_date('ended.detected_at') }} as detected_date,
        ended.criterion_id,
        ended.reached_by,
        {{ days_between('ended.occurred_at', 'ended.detected_at') }} > {{ setting('late_event_days', 'int') }}
            as is_late,
        case when ended.met_until < {{ as_of() }} then ended.met_until end as ended_at,
        coalesce(scores_then.fit_score, 0.0) as fit_score,
        coalesce(scores_then.intent_score, 0.0) as intent_score,
        visits_that_followed.recorded_at,
        {{ days_between('ended.detected_at', 'visits_that_followed.recorded_at') }} as days_until_recorded,
        case
            when visits_that_followed.recorded_at is null and ended.next_detected_at is not null then 'ignored'
            when visits_that_followed.recorded_at is null then 'waiting'
            when visits_that_followed.advanced_at is not null then 'accepted'
            when visits_that_followed.disqualified_at is not null then 'disqualified'
            when visits_that_followed.returned_at is not null then 'returned'
            else 'open'
        end as sales_outcome,
        leads.channel,
        leads.campaign_id,
        leads.persona,
        leads.segment,
        leads.product
    from ended
    inner join stages on ended.stage_order = stages.stage_order
    inner join leads on ended.lead_id = leads.lead_id
    left join visits_that_followed
        on
            ended.score_version = visits_that_followed.score_version
            and ended.lead_id = visits_that_followed.lead_id
            and ended.stage_order = visits_that_followed.stage_order
            and ended.crossing_number = visits_that_followed.crossing_number
    left join scores_then
        on
            ended.score_version = scores_then.score_version
            and ended.lead_id = scores_then.lead_id
            and ended.stage_order = scores_then.stage_order
            and ended.crossing_number = scores_then.crossing_number

)

select * from compared
