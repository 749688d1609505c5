with criteria_met as (

    select * from {{ ref('int_criteria_met') }}

),

stages as (

    select stage_role, min(stage_order) as stage_order
    from {{ ref('lifecycle_stages') }}
    where track = 'lead'
    group by stage_role

),

stages_judged as (

    select stages.stage_order
    from {{ ref('qualification_criteria') }} as criteria
    inner join stages on criteria.stage_role = stages.stage_role
    group by stages.stage_order

),

-- Who has reached a stage has reached those before it.
periods as (

    select
        criteria_met.score_version,
        criteria_met.lead_id,
        stages_judged.stage_order,
        criteria_met.criterion_id,
        criteria_met.reached_by,
        criteria_met.occurred_at,
        criteria_met.met_from,
        criteria_met.met_until,
        max(criteria_met.met_until) over (
            partition by criteria_met.score_version, criteria_met.lead_id, stages_judged.stage_order
            order by criteria_met.met_from, criteria_met.occurred_at, criteria_met.criterion_id
            rows between unbounded preceding and 1 preceding
        ) as met_until_before
    from criteria_met
    inner join stages on criteria_met.stage_role = stages.stage_role
    inner join stages_judged on stages.stage_order >= stages_judged.stage_order

),

beginnings as (

    select
        *,
        met_until_before is null or met_until_before < met_from as is_beginning
    from periods

),

numbered as (

    select
        *,
        sum(case when is_beginning then 1 else 0 end) over (
            partition by score_version, lead_id, stage_order
            order by met_from, occurred_at, criterion_id
            rows between unbounded preceding and current row
        ) as crossing_number
    from beginnings

),

-- A crossing is what began it; what is met meanwhile prolongs it.
qualifications as (

    select
        score_version,
        lead_id,
        stage_order,
        cast(crossing_number as bigint) as crossing_number,
        max(case when is_beginning then criterion_id end) as criterion_id,
        max(case when is_beginning then reached_by end) as reached_by,
        max(case when is_beginning then occurred_at end) as occurred_at,
        min(met_from) as detected_at,
        max(met_until) as met_until
    from numbered
    group by score_version, lead_id, stage_order, crossing_number

)

select * from qualifications
