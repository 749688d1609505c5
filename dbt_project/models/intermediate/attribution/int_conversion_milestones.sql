with conversions as (

    select * from {{ ref('fct_conversions') }}

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_dated') }}

),

visits as (

    select * from {{ ref('int_stage_visits') }}
    where entered_at is not null

),

positions as (

    select position from {{ ref('attribution_model_weights') }}
    union
    select window_ends_at as position from {{ ref('attribution_models') }}

),

-- The track's first stage is no milestone of its own: it is the record's creation.
stages_of_roles as (

    select track, stage_role, min(stage_order) as stage_order
    from {{ ref('lifecycle_stages') }}
    where stage_order > 0 and stage_role != 'entry'
    group by track, stage_role

),

arrivals as (

    select
        visits.track,
        visits.entity_id,
        stages_of_roles.stage_role as position,
        min(visits.entered_at) as reached_at,
        min_by(visits.entered_at_precision, visits.position_on_track) as reached_at_precision
    from visits
    inner join stages_of_roles
        on visits.track = stages_of_roles.track and visits.stage_order >= stages_of_roles.stage_order
    group by visits.track, visits.entity_id, stages_of_roles.stage_role

),

milestones as (

    select
        conversions.conversion_order,
        'lead_created' as position,
        leads.created_at as reached_at,
        leads.created_at_precision as reached_at_precision
    from conversions
    inner join leads on conversions.lead_id = leads.lead_id
    union all
    select
        conversions.conversion_order,
        'opportunity_created',
        opportunities.created_at,
        opportunities.created_at_precision
    from conversions
    inner join opportunities on conversions.opportunity_id = opportunities.opportunity_id
    union all
    select conversions.conversion_order, 'closed', opportunities.closed_at, opportunities.closed_at_precision
    from conversions
    inner join opportunities on conversions.opportunity_id = opportunities.opportunity_id
    where opportunities.is_closed
    union all
    select conversions.conversion_order, arrivals.position, arrivals.reached_at, arrivals.reached_at_precision
    from conversions
    inner join arrivals on arrivals.track = 'lead' and conversions.lead_id = arrivals.entity_id
    union all
    select conversions.conversion_order, arrivals.position, arrivals.reached_at, arrivals.reached_at_precision
    from conversions
    inner join arrivals on arrivals.track = 'opportunity' and conversions.opportunity_id = arrivals.entity_id

),

timed as (

    select
        milestones.conversion_order,
        milestones.position,
        {{ standing_at('milestones.reached_at', 'milestones.reached_at_precision') }} as stands_at,
        {{ touched_until('milestones.reached_at', 'milestones.reached_at_precision') }} as touched_until
    from milestones
    inner join positions on milestones.position = positions.position
    where milestones.reached_at is not null

),

-- Both tracks may have a stage of one role: what came first counts.
earliest as (

    select
        conversion_order,
        position,
        min(stands_at) as stands_at,
        min_by(touched_until, stands_at) as touched_until
    from timed
    group by conversion_order, position

)

select * from earliest
