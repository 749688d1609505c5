with opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'opportunity' and visit_number = 1 and not is_left_truncated and entered_at is not null

),

stages as (

    select stage from {{ ref('lifecycle_stages') }}
    where track = 'opportunity' and stage_role not in ('won', 'lost')

),

begun as (

    select
        visits.entity_id as opportunity_id,
        'stage' as peer_basis,
        visits.stage as peer_stage,
        visits.entered_at as begun_at
    from visits
    inner join stages on visits.stage = stages.stage
    union all
    -- Where nobody recorded the stages, the time since the deal was opened still tells something.
    select opportunity_id, 'creation' as peer_basis, '(any)' as peer_stage, created_at as begun_at
    from opportunities
    where created_at is not null

),

followed as (

    select
        begun.opportunity_id,
        begun.peer_basis,
        begun.peer_stage,
        opportunities.segment,
        -- A close known only by its day may seem to come before what happened on that day.
        greatest(
            {{ days_between('begun.begun_at', 'coalesce(opportunities.closed_at, ' ~ as_of() ~ ')') }}, 0.0
        ) as duration_days,
        case
            when opportunities.is_won then 'won'
            when opportunities.is_closed then 'lost'
        end as exit_class
    from begun
    inner join opportunities on begun.opportunity_id = opportunities.opportunity_id
    where not opportunities.is_closed or opportunities.closed_at is not null

)

select * from followed
