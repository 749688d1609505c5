with visits as (

    select * from {{ ref('fct_lead_stage_visits') }}

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'lead'

),

peers as (

    select * from {{ ref('fct_stage_peers') }}
    where track = 'lead'

),

deals as (

    select primary_lead_id as lead_id, {{ exact_sum('pipeline_amount') }} as pipeline_amount
    from {{ ref('int_opportunities_described') }}
    where {{ is_own_deal('primary_lead_rule') }}
    group by primary_lead_id

),

stuck as (

    select
        visits.lead_id,
        visits.account_id,
        leads.owner_id,
        visits.stage,
        visits.stage_order,
        visits.visit_number,
        visits.entered_at,
        visits.age_days,
        peers.median_days as expected_days,
        peers.limit_days,
        peers.limit_rule,
        peers.peer_segment,
        peers.peer_count,
        stages.stuck_action as recommended_action,
        visits.channel,
        visits.campaign_id,
        visits.persona,
        visits.segment,
        visits.product
    from visits
    inner join leads on visits.lead_id = leads.lead_id
    inner join stages on visits.stage = stages.stage
    inner join peers on visits.stage = peers.stage and coalesce(visits.segment, '(all)') = peers.segment
    where visits.is_current and not visits.is_left_truncated and visits.age_days > peers.limit_days

),

stays_known as (

    select
        stage,
        segment,
        coalesce(duration_days, age_days) as duration_days,
        direction as exit_class
    from visits
    where visit_number = 1 and not is_left_truncated and entered_at is not null

),

stays as (

    select stage, '(all)' as peer_segment, duration_days, exit_class
    from stays_known
    union all
    select stage, segment as peer_segment, duration_days, exit_class
    from stays_known
    where segment is not null

),

{{ aalen_johansen('stays', ['stage', 'peer_segment']) }},

forward as (

    select stage, peer_segment, duration_days, survival, incidence
    from incidence_curves
    where exit_class = 'forward'

),

final_incidences as (

    select stage, peer_segment, max(incidence) as final_incidence
    from forward
    group by stage, peer_segment

),

-- Reading a curve at the age of each stay: the last point at or before it. Survival only falls, incidence only rises.
points as (

    select
        cast(null as string) as lead_id, stage, peer_segment, duration_days, survival, incidence, 0 as point_order
    from forward
    union all
    select lead_id, stage, peer_segment, age_days, null, null, 1
    from stuck
    where peer_segment is not null

),

points_read as (

    select
        lead_id,
        stage,
        peer_segment,
        coalesce(min(survival) over up_to_here, 1.0) as survival,
        coalesce(max(incidence) over up_to_here, 0.0) as incidence
    from points
    window
        up_to_here as (
            partition by stage, peer_segment order by duration_days, point_order
            rows between unbounded preceding and current row
        )

),

chances as (

    select
        points_read.lead_id,
        final_incidences.final_incidence as fresh_probability,
        case
            when points_read.survival > 0
                then (final_incidences.final_incidence - points_read.incidence) / points_read.survival
            else 0.0
        end as forward_probability
    from points_read
    inner join final_incidences
        on points_read.stage = final_incidences.stage and points_read.peer_segment = final_incidences.peer_segment
    where points_read.lead_id is not null

),

-- What a lead has brought that once moved on from the stage, long enough ago for a deal to have come of it.
moved_on as (

    select
        visits.stage,
        visits.lead_id,
        max(visits.segment) as segment,
        max(deals.pipeline_amount) as pipeline_amount
    from visits
    left join deals on visits.lead_id = deals.lead_id
    where
        visits.direction = 'forward'
        and {{ days_between('visits.exited_at', as_of()) }} >= {{ setting('conversion_horizon_days', 'int') }}
    group by visits.stage, visits.lead_id

),

values_of_peers as (

    select
        stage,
        '(all)' as peer_segment,
        count(*) as moved_on_count,
        {{ exact_sum('coalesce(pipeline_amount, 0)') }} / count(*) as amount
    from moved_on
    group by stage
    union all
    select
        stage,
        segment as peer_segment,
        count(*) as moved_on_count,
        {{ exact_sum('coalesce(pipeline_amount, 0)') }} / count(*) as amount
    from moved_on
    where segment is not null
    group by stage, segment

),

values_known as (

    select * from values_of_peers
    where moved_on_count >= {{ setting('least_group_count', 'bigint') }}

),

valued as (

    select
        stuck.lead_id,
        stuck.account_id,
        stuck.owner_id,
        stuck.stage,
        stuck.stage_order,
        stuck.visit_number,
        stuck.entered_at,
        stuck.age_days,
        stuck.expected_days,
        stuck.limit_days,
        stuck.limit_rule,
        stuck.peer_segment,
        stuck.peer_count,
        chances.fresh_probability,
        chances.forward_probability,
        coalesce(of_segment.amount, of_all.amount) as amount_if_forward,
        coalesce(of_segment.amount, of_all.amount)
        * case
            when chances.fresh_probability >= chances.forward_probability
                then chances.fresh_probability - chances.forward_probability
            when chances.fresh_probability < chances.forward_probability then 0.0
        end as value_at_stake_amount,
        stuck.recommended_action,
        stuck.channel,
        stuck.campaign_id,
        stuck.persona,
        stuck.segment,
        stuck.product
    from stuck
    left join chances on stuck.lead_id = chances.lead_id
    left join values_known as of_segment
        on stuck.stage = of_segment.stage and stuck.segment = of_segment.peer_segment
    left join values_known as of_all on stuck.stage = of_all.stage and of_all.peer_segment = '(all)'

)

select * from valued
