with handoffs as (

    select * from {{ ref('int_handoffs_judged') }}

),

visits as (

    select * from {{ ref('fct_lead_stage_visits') }}

),

owners as (

    select * from {{ ref('int_lead_owners_dated') }}

),

users as (

    select user_id, team, region
    from {{ ref('users') }}
    where not is_deleted

),

reasons as (

    select * from {{ ref('recycle_reasons') }}

),

buckets as (

    select
        *,
        row_number() over (order by from_hours) as bucket_order
    from {{ ref('response_time_buckets') }}

),

deals as (

    select * from {{ ref('int_opportunities_described') }}
    where {{ is_own_deal('primary_lead_rule') }}

),

owners_counted as (

    select
        handoffs.lead_id,
        handoffs.attempt_number,
        handoffs.clock,
        max_by(owners.owner_id, owners.valid_from) as owner_id,
        count(*) - 1 as reassignment_count
    from handoffs
    inner join owners
        on
            handoffs.lead_id = owners.lead_id
            -- What was agreed before the start ends the clock at once.
            and owners.valid_from
            <= greatest(coalesce(handoffs.stopped_at, handoffs.exited_at, {{ as_of() }}), handoffs.clock_started_at)
            and owners.valid_to > handoffs.clock_started_at
    group by handoffs.lead_id, handoffs.attempt_number, handoffs.clock

),

reasons_ranked as (

    select
        given.return_reason,
        reasons.reason_group,
        reasons.is_rejection,
        reasons.nurture_track,
        reasons.return_after_days,
        row_number() over (partition by given.return_reason order by reasons.priority) as reason_rank
    from (select distinct return_reason from handoffs where return_reason is not null) as given
    inner join reasons on {{ matches_pattern('given.return_reason', 'reasons.reason') }}

),

deals_of_attempts as (

    select
        handoffs.lead_id,
        handoffs.attempt_number,
        handoffs.clock,
        {{ exact_sum('deals.pipeline_amount') }} as pipeline_amount
    from handoffs
    inner join deals
        on
            handoffs.lead_id = deals.primary_lead_id
            and deals.created_at >= handoffs.started_at
            and deals.created_at < handoffs.next_started_at
    group by handoffs.lead_id, handoffs.attempt_number, handoffs.clock

),

timed as (

    select
        handoffs.*,
        case
            when handoffs.is_preempted then 0.0
            else {{ hours_between('handoffs.clock_started_at', 'handoffs.first_response_at') }}
        end as response_hours,
        case
            when handoffs.is_preempted then 0.0
            else
                {{ business_hours_until('handoffs.first_response_at', 'day_of_response') }}
                - handoffs.business_hours_at_start
        end as response_business_hours,
        case
            when handoffs.accepted_at is not null then 'accepted'
            when
                handoffs.recycled_at is not null
                and (handoffs.disqualified_at is null or handoffs.recycled_at < handoffs.disqualified_at)
                then 'recycled'
            when handoffs.disqualified_at is not null then 'disqualified'
            else 'open'
        end as outcome
    from handoffs
    {{ join_business_day('day_of_response', 'handoffs.calendar', 'handoffs.first_response_at') }}

),

described as (

    select
        timed.lead_id || ':' || cast(timed.attempt_number as string) || ':' || timed.clock as handoff_id,
        timed.lead_id,
        visits.account_id,
        timed.attempt_number,
        timed.clock,
        timed.stage,
        timed.visit_number,
        timed.clock_started_at as started_at,
        timed.started_date,
        owners_counted.owner_id,
        users.team,
        users.region,
        coalesce(owners_counted.reassignment_count, 0) as reassignment_count,
        timed.first_response_at,
        timed.responded_by,
        timed.first_automated_at,
        timed.response_hours,
        timed.response_business_hours,
        buckets.bucket as response_bucket,
        buckets.bucket_order as response_bucket_order,
        timed.rule_id as sla_rule_id,
        timed.target_hours as sla_target_hours,
        timed.are_business_hours,
        timed.calendar,
        timed.due_at,
        timed.sla_state,
        timed.void_reason,
        timed.is_preempted,
        case
            when timed.sla_state = 'past_due_open' then {{ hours_between('timed.due_at', as_of()) }}
        end as hours_past_due,
        timed.outcome,
        case timed.outcome
            when 'accepted' then timed.accepted_at
            when 'recycled' then timed.recycled_at
            when 'disqualified' then timed.disqualified_at
        end as outcome_at,
        timed.accepted_at,
        timed.opportunity_at,
        deals_of_attempts.pipeline_amount,
        timed.recycled_at as returned_at,
        timed.return_reason,
        case
            when timed.return_reason is not null then coalesce(reasons_ranked.reason_group, 'other')
        end as reason_group,
        reasons_ranked.is_rejection,
        case when timed.recycled_at is not null then reasons_ranked.nurture_track end as nurture_track,
        case
            when timed.recycled_at is not null
                then {{ add_days(
                        local_date('timed.recycled_at', 'timed.recycled_at_precision'), 'reasons_ranked.return_after_days'
                    ) }}
        end as return_due_date,
        timed.resumed_at,
        case
            when timed.next_started_at < timestamp '9999-12-31 00:00:00' then timed.next_started_at
        end as requalified_at,
        visits.channel,
        visits.campaign_id,
        visits.persona,
        visits.segment,
        visits.product
    from timed
    inner join visits
        on
            timed.lead_id = visits.lead_id
            and timed.stage = visits.stage
            and timed.visit_number = visits.visit_number
    left join owners_counted
        on
            timed.lead_id = owners_counted.lead_id
            and timed.attempt_number = owners_counted.attempt_number
            and timed.clock = owners_counted.clock
    left join users on owners_counted.owner_id = users.user_id
    left join buckets
        on
            timed.response_hours >= buckets.from_hours
            and (buckets.to_hours is null or timed.response_hours < buckets.to_hours)
    left join reasons_ranked on timed.return_reason = reasons_ranked.return_reason and reasons_ranked.reason_rank = 1
    left join deals_of_attempts
        on
            timed.lead_id = deals_of_attempts.lead_id
            and timed.attempt_number = deals_of_attempts.attempt_number
            and timed.clock = deals_of_attempts.clock

)

select * from described
