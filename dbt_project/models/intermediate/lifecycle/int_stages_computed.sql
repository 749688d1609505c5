with criteria as (

    select * from {{ ref('qualification_criteria') }}

),

stages as (

    select stage_role, min(stage_order) as stage_order
    from {{ ref('lifecycle_stages') }}
    where track = 'lead'
    group by stage_role

),

leads as (

    select lead_id, segment from {{ ref('int_leads_described') }}

),

activities as (

    select * from {{ ref('activities') }}
    where not is_deleted and lead_id is not null

),

-- Patterns are matched once per kind of activity and actor, not once per activity.
kinds as (

    select activity_type, coalesce(actor, '') as actor
    from activities
    group by activity_type, coalesce(actor, '')

),

kinds_matched as (

    select
        criteria.*,
        stages.stage_order,
        kinds.activity_type as kind_activity_type,
        kinds.actor as kind_actor
    from criteria
    inner join stages on criteria.stage_role = stages.stage_role
    inner join kinds
        on
            {{ matches_pattern('kinds.activity_type', 'criteria.activity_type') }}
            and {{ matches_pattern('kinds.actor', 'criteria.actor') }}

),

matches as (

    select
        activities.lead_id,
        kinds_matched.criterion_id,
        kinds_matched.stage_order,
        kinds_matched.least_count,
        kinds_matched.within_days,
        kinds_matched.reached_by,
        activities.occurred_at,
        row_number() over (
            partition by activities.lead_id, kinds_matched.criterion_id, kinds_matched.valid_from
            order by activities.occurred_at, activities.activity_id
        ) as match_number,
        kinds_matched.valid_from
    from activities
    inner join leads on activities.lead_id = leads.lead_id
    inner join kinds_matched
        on
            activities.activity_type = kinds_matched.kind_activity_type
            and coalesce(activities.actor, '') = kinds_matched.kind_actor
            and {{ is_valid_on(
                'kinds_matched', local_date('activities.occurred_at', 'activities.occurred_at_precision')
            ) }}
            and (
                kinds_matched.segment is null
                or {{ matches_pattern("coalesce(leads.segment, '')", 'kinds_matched.segment') }}
            )

),

-- So often in so many days: the last of them is the moment.
criteria_met as (

    select
        matches.lead_id,
        matches.criterion_id,
        matches.stage_order,
        matches.reached_by,
        min(matches.occurred_at) as met_at
    from matches
    inner join matches as earliest
        on
            matches.lead_id = earliest.lead_id
            and matches.criterion_id = earliest.criterion_id
            and coalesce(matches.valid_from, date '0001-01-01') = coalesce(earliest.valid_from, date '0001-01-01')
            and matches.match_number - matches.least_count + 1 = earliest.match_number
            and {{ days_between('earliest.occurred_at', 'matches.occurred_at') }} <= matches.within_days
    group by matches.lead_id, matches.criterion_id, matches.stage_order, matches.reached_by

),

stages_judged as (

    select stages.stage_order
    from criteria
    inner join stages on criteria.stage_role = stages.stage_role
    group by stages.stage_order

),

-- Who has reached a stage has reached those before it.
stages_met_ranked as (

    select
        criteria_met.lead_id,
        stages_judged.stage_order,
        criteria_met.met_at,
        criteria_met.criterion_id,
        criteria_met.reached_by,
        row_number() over (
            partition by criteria_met.lead_id, stages_judged.stage_order
            order by criteria_met.met_at, criteria_met.criterion_id
        ) as met_rank
    from criteria_met
    inner join stages_judged on criteria_met.stage_order >= stages_judged.stage_order

),

stages_met as (

    select lead_id, stage_order, met_at, criterion_id, reached_by
    from stages_met_ranked
    where met_rank = 1

)

select * from stages_met
