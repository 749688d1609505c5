with visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'lead' and entered_at is not null

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'lead'

),

owners as (

    select * from {{ ref('int_lead_owners_dated') }}

),

-- The stage from which on sales has taken the lead as its own.
acceptance as (

    select min(stage_order) as stage_order
    from stages
    where stage_role in ('sales_qualified', 'opportunity')

),

openings as (

    select min(stage_order) as stage_order
    from stages
    where stage_role = 'opportunity'

),

-- Whoever comes to the stage in which marketing calls a lead ready is handed over to sales.
handed_over as (

    select
        entity_id as lead_id,
        stage,
        visit_number,
        entered_at as started_at,
        entered_at_precision as started_at_precision,
        exited_at,
        is_current,
        position_on_track,
        row_number() over (partition by entity_id order by entered_at, visit_number) as attempt_number,
        lead(entered_at, 1, timestamp '9999-12-31 00:00:00') over (
            partition by entity_id order by entered_at, visit_number
        ) as next_started_at,
        lead(position_on_track) over (partition by entity_id order by entered_at, visit_number) as next_position
    from visits
    where stage_role = 'marketing_qualified' and not is_left_truncated

),

assigned as (

    select
        handed_over.lead_id,
        handed_over.attempt_number,
        min(greatest(owners.valid_from, handed_over.started_at)) as assigned_at
    from handed_over
    inner join owners
        on
            handed_over.lead_id = owners.lead_id
            and owners.valid_from < handed_over.next_started_at
            and owners.valid_to > handed_over.started_at
    where handed_over.exited_at is null or owners.valid_from < handed_over.exited_at
    group by handed_over.lead_id, handed_over.attempt_number

),

fates as (

    select
        handed_over.lead_id,
        handed_over.attempt_number,
        min(case when visits.stage_order >= acceptance.stage_order then visits.entered_at end) as accepted_at,
        min(case when visits.stage_order >= openings.stage_order then visits.entered_at end) as opportunity_at,
        min(case when visits.stage_role = 'recycled' then visits.entered_at end) as recycled_at,
        min_by(
            visits.entered_at_precision,
            case when visits.stage_role = 'recycled' then visits.position_on_track end
        ) as recycled_at_precision,
        min(case when visits.stage_role = 'recycled' then visits.exited_at end) as resumed_at,
        min(case when visits.stage_role = 'disqualified' then visits.entered_at end) as disqualified_at,
        min_by(
            visits.reason,
            case when visits.stage_role in ('recycled', 'disqualified') then visits.position_on_track end
        ) as return_reason
    from handed_over
    cross join acceptance
    cross join openings
    inner join visits
        on
            handed_over.lead_id = visits.entity_id
            -- By their order, which also holds within one second.
            and visits.position_on_track > handed_over.position_on_track
            and (handed_over.next_position is null or visits.position_on_track < handed_over.next_position)
    group by handed_over.lead_id, handed_over.attempt_number

),

followed as (

    select
        handed_over.lead_id,
        handed_over.attempt_number,
        handed_over.stage,
        handed_over.visit_number,
        handed_over.started_at,
        handed_over.started_at_precision,
        {{ local_date('handed_over.started_at', 'handed_over.started_at_precision') }} as started_date,
        handed_over.exited_at,
        handed_over.is_current,
        handed_over.next_started_at,
        assigned.assigned_at,
        fates.accepted_at,
        fates.opportunity_at,
        fates.recycled_at,
        fates.recycled_at_precision,
        fates.resumed_at,
        fates.disqualified_at,
        fates.return_reason
    from handed_over
    left join assigned
        on handed_over.lead_id = assigned.lead_id and handed_over.attempt_number = assigned.attempt_number
    left join fates on handed_over.lead_id = fates.lead_id and handed_over.attempt_number = fates.attempt_number

)

select * from followed
