-- Fails if a stay of the qualified whose beginning is known has not one hand-over, or a hand-over no such stay.
{{ config(meta={'dagster': {'ref': {'name': 'fct_lead_handoffs'}}}) }}

with stays as (

    select visits.lead_id, visits.stage, visits.visit_number
    from {{ ref('fct_lead_stage_visits') }} as visits
    inner join {{ ref('lifecycle_stages') }} as stages
        on stages.track = 'lead' and visits.stage = stages.stage and stages.stage_role = 'marketing_qualified'
    where not visits.is_left_truncated and visits.entered_at is not null

),

handoffs as (

    select lead_id, stage, visit_number, attempt_number
    from {{ ref('fct_lead_handoffs') }}
    where clock = 'qualified'

),

unmatched as (

    select stays.lead_id, stays.visit_number, handoffs.attempt_number
    from stays
    full outer join handoffs
        on
            stays.lead_id = handoffs.lead_id
            and stays.stage = handoffs.stage
            and stays.visit_number = handoffs.visit_number
    where stays.lead_id is null or handoffs.lead_id is null

),

attempts as (

    select lead_id, max(attempt_number) as last_attempt, count(*) as attempt_count
    from handoffs
    group by lead_id

),

misnumbered as (

    select lead_id, attempt_count as visit_number, last_attempt as attempt_number
    from attempts
    where last_attempt != attempt_count

),

problems as (

    select * from unmatched
    union all
    select * from misnumbered

)

select * from problems
