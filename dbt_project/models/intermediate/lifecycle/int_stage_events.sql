with stages as (

    select * from {{ ref('lifecycle_stages') }}

),

lead_changes as (

    select * from {{ ref('lead_stage_changes') }}
    where not is_deleted

),

opportunity_changes as (

    select * from {{ ref('opportunity_stage_changes') }}
    where not is_deleted

),

leads as (

    select * from {{ ref('leads') }}
    where not is_deleted

),

opportunities as (

    select * from {{ ref('int_opportunities_dated') }}

),

-- A stage entered after `as_of` has not been entered yet, whatever the record says today.
present_stages_of_leads as (

    select
        leads.lead_id,
        leads.created_at,
        leads.created_at_precision,
        case when not coalesce(leads.stage_changed_at > {{ as_of() }}, false) then leads.stage end as stage,
        case when leads.stage_changed_at <= {{ as_of() }} then leads.stage_changed_at end as stage_changed_at
    from leads

),

entities as (

    select
        'lead' as track,
        lead_id as entity_id,
        created_at,
        created_at_precision,
        stage as present_stage,
        coalesce(stage_changed_at, created_at) as present_stage_at,
        case when stage_changed_at is null then created_at_precision else 'second' end as present_stage_at_precision,
        cast(null as timestamp) as closed_at
    from present_stages_of_leads
    union all
    select
        'opportunity' as track,
        opportunity_id as entity_id,
        created_at,
        created_at_precision,
        stage as present_stage,
        coalesce(case when is_closed then closed_at end, created_at) as present_stage_at,
        case
            when is_closed and closed_at is not null then closed_at_precision
            else created_at_precision
        end as present_stage_at_precision,
        case when is_closed then closed_at end as closed_at
    from opportunities

),

entry_stages as (

    select track, min_by(stage, stage_order) as stage
    from stages
    where stage_role = 'entry'
    group by track

),

opportunity_changes_with_previous as (

    select
        opportunity_changes.*,
        lag(opportunity_changes.stage) over (
            partition by opportunity_changes.opportunity_id
            order by opportunity_changes.changed_at, {{ stage_tie_order('stages') }}, opportunity_changes.stage
        ) as previous_stage
    from opportunity_changes
    left join stages on stages.track = 'opportunity' and opportunity_changes.stage = stages.stage

),

recorded as (

    select
        'lead' as track,
        lead_id as entity_id,
        stage,
        changed_at as entered_at,
        changed_at_precision as entered_at_precision,
        reason
    from lead_changes
    union all
    select 'opportunity' as track, opportunity_id as entity_id, stage, changed_at, changed_at_precision, null as reason
    from opportunity_changes_with_previous
    -- A change of the amount alone leaves the stage as it was.
    where previous_stage is null or previous_stage != stage

),

recorded_in_order as (

    select
        recorded.*,
        stages.stage_role,
        row_number() over (
            partition by recorded.track, recorded.entity_id
            order by recorded.entered_at, {{ stage_tie_order('stages') }}, recorded.stage
        ) as position_on_track,
        count(*) over (partition by recorded.track, recorded.entity_id) as position_count
    from recorded
    left join stages on recorded.track = stages.track and recorded.stage = stages.stage

),

histories as (

    select
        track,
        entity_id,
        min(entered_at) as first_entered_at,
        max(case when position_on_track = 1 then stage end) as first_stage,
        max(
            case when position_on_track = 1 then {{ local_date('entered_at', 'entered_at_precision') }} end
        ) as first_entered_date,
        max(entered_at) as last_entered_at,
        max(case when position_on_track = position_count then stage end) as last_stage
    from recorded_in_order
    group by track, entity_id

),

-- Where the history begins later than the record, the record was in its track's entry stage until then.
inferred_entries as (

    select
        entities.track,
        entities.entity_id,
        entry_stages.stage,
        entities.created_at as entered_at,
        entities.created_at_precision as entered_at_precision,
        histories.entity_id is null as is_left_truncated
    from entities
    inner join entry_stages on entities.track = entry_stages.track
    left join histories on entities.track = histories.track and entities.entity_id = histories.entity_id
    where
        (
            histories.entity_id is not null
            and histories.first_stage != entry_stages.stage
            and histories.first_entered_at > entities.created_at
            and not (
                entities.created_at_precision = 'day'
                and histories.first_entered_date = cast(entities.created_at as date)
            )
        )
        -- Of a closed deal without history we know when it was opened and when it ended.
        or (histories.entity_id is null and entities.closed_at is not null and entities.created_at < entities.closed_at)

),

-- Without history the present stage is all that is known.
present_stages as (

    select
        entities.track,
        entities.entity_id,
        coalesce(entities.present_stage, entry_stages.stage) as stage,
        entities.present_stage_at as entered_at,
        entities.present_stage_at_precision as entered_at_precision
    from entities
    left join entry_stages on entities.track = entry_stages.track
    left join histories on entities.track = histories.track and entities.entity_id = histories.entity_id
    where histories.entity_id is null and coalesce(entities.present_stage, entry_stages.stage) is not null

),

-- The lead track leads up to the person's first deal; the deal's primary lead is in it when it opens.
openings as (

    select
        'lead' as track,
        opportunity_leads.lead_id as entity_id,
        min(opportunities.created_at) as opened_at,
        min_by(opportunities.created_at_precision, opportunities.created_at) as opened_at_precision
    from opportunities
    inner join {{ ref('int_opportunity_leads') }} as opportunity_leads
        on opportunities.opportunity_id = opportunity_leads.opportunity_id
    where
        {{ is_own_deal('opportunity_leads.matched_by') }}
        and opportunities.created_at is not null
    group by opportunity_leads.lead_id

),

recorded_openings as (

    select distinct entity_id
    from recorded_in_order
    where track = 'lead' and stage_role = 'opportunity'

),

-- A deal known only by its day was opened after all else that happened to the lead on that day.
changes_on_days_of_openings as (

    select openings.entity_id, max(recorded.entered_at) as last_entered_at
    from openings
    inner join recorded on openings.track = recorded.track and openings.entity_id = recorded.entity_id
    where
        openings.opened_at_precision = 'day'
        and {{ local_date('recorded.entered_at', 'recorded.entered_at_precision') }} = cast(openings.opened_at as date)
    group by openings.entity_id

),

unrecorded_openings as (

    select
        openings.track,
        openings.entity_id,
        stages.stage,
        -- A deal opened before its lead was known cannot end a stay before it began.
        greatest(
            openings.opened_at,
            coalesce(histories.first_entered_at, leads.created_at),
            coalesce(changes_on_days_of_openings.last_entered_at, openings.opened_at)
        ) as entered_at,
        openings.opened_at_precision as entered_at_precision
    from openings
    inner join present_stages_of_leads as leads on openings.entity_id = leads.lead_id
    inner join stages on openings.track = stages.track and stages.stage_role = 'opportunity'
    left join histories on openings.track = histories.track and openings.entity_id = histories.entity_id
    left join changes_on_days_of_openings on openings.entity_id = changes_on_days_of_openings.entity_id
    left join recorded_openings on openings.entity_id = recorded_openings.entity_id
    left join stages as present_stages
        on present_stages.track = 'lead' and leads.stage = present_stages.stage
    where
        recorded_openings.entity_id is null
        and not (histories.entity_id is null and coalesce(present_stages.stage_role = 'opportunity', false))

),

unrecorded_closings as (

    select
        'opportunity' as track,
        opportunities.opportunity_id as entity_id,
        opportunities.stage,
        greatest(opportunities.closed_at, histories.last_entered_at) as entered_at,
        opportunities.closed_at_precision as entered_at_precision
    from opportunities
    inner join histories
        on histories.track = 'opportunity' and opportunities.opportunity_id = histories.entity_id
    where
        opportunities.is_closed
        and opportunities.closed_at is not null
        and histories.last_stage != opportunities.stage

),

events as (

    select
        track,
        entity_id,
        stage,
        entered_at,
        entered_at_precision,
        reason,
        false as is_inferred,
        false as is_left_truncated,
        1 as event_order
    from recorded
    union all
    select track, entity_id, stage, entered_at, entered_at_precision, null, true, is_left_truncated, 0
    from inferred_entries
    union all
    select track, entity_id, stage, entered_at, entered_at_precision, null, true, true, 1
    from present_stages
    union all
    select track, entity_id, stage, entered_at, entered_at_precision, null, false, false, 2
    from unrecorded_openings
    union all
    select track, entity_id, stage, entered_at, entered_at_precision, null, false, false, 2
    from unrecorded_closings

)

select * from events
