with opportunities as (

    select * from {{ ref('opportunities') }}
    where not is_deleted

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'opportunity'

),

changes_ranked as (

    select
        changes.opportunity_id,
        changes.stage,
        row_number() over (
            partition by changes.opportunity_id
            order by changes.changed_at desc, {{ stage_tie_order('stages') }} desc, changes.stage desc
        ) as change_rank
    from {{ ref('opportunity_stage_changes') }} as changes
    left join stages on changes.stage = stages.stage
    where not changes.is_deleted

),

latest_stages as (

    select opportunity_id, stage
    from changes_ranked
    where change_rank = 1

),

-- A close that lies after `as_of` has not happened yet, whatever the record says today.
masked as (

    select
        opportunities.*,
        coalesce(opportunities.closed_at > {{ as_of() }}, false) as closes_later,
        latest_stages.stage as latest_stage
    from opportunities
    left join latest_stages on opportunities.opportunity_id = latest_stages.opportunity_id

),

staged as (

    select
        masked.*,
        coalesce(
            masked.latest_stage,
            case
                when
                    not masked.closes_later
                    or masked.stage not in (select stages.stage from stages where stages.stage_role in ('won', 'lost'))
                    then masked.stage
            end,
            (select min_by(stages.stage, stages.stage_order) from stages where stages.stage_role = 'entry')
        ) as known_stage
    from masked

),

dated as (

    select
        staged.opportunity_id,
        staged.account_id,
        staged.owner_id,
        staged.product,
        coalesce(staged.opportunity_type, 'new') as opportunity_type,
        staged.created_at,
        staged.created_at_precision,
        staged.expected_close_date,
        staged.closed_at,
        staged.closed_at_precision,
        staged.amount_local,
        staged.currency,
        staged.lost_reason,
        staged.known_stage,
        stages.stage_role as known_role,
        -- What the record says outright counts first, then the stage; not won alone does not mean closed.
        case
            when staged.closes_later then null
            when staged.is_won then 'won'
            when staged.is_closed and not staged.is_won then 'lost'
            when stages.stage_role in ('won', 'lost') then stages.stage_role
            when staged.is_closed then 'lost'
        end as outcome
    from staged
    left join stages on staged.known_stage = stages.stage

),

closing_stages as (

    select stage_role, min(stage) as stage
    from stages
    where stage_role in ('won', 'lost')
    group by stage_role

),

-- A deal that is closed stands in the stage of its outcome, also where its history stops short of it; of one that is
-- open, a closing date is a mere hope.
closed as (

    select
        dated.opportunity_id,
        dated.account_id,
        dated.owner_id,
        dated.product,
        dated.opportunity_type,
        dated.created_at,
        dated.created_at_precision,
        dated.expected_close_date,
        case when dated.outcome is not null then dated.closed_at end as closed_at,
        case
            when dated.outcome is not null and dated.closed_at is not null then dated.closed_at_precision
        end as closed_at_precision,
        dated.outcome is not null as is_closed,
        coalesce(dated.outcome = 'won', false) as is_won,
        dated.amount_local,
        dated.currency,
        dated.lost_reason,
        case
            when dated.outcome != coalesce(dated.known_role, '') then closing_stages.stage
            else dated.known_stage
        end as stage
    from dated
    left join closing_stages on dated.outcome = closing_stages.stage_role

)

select * from closed
