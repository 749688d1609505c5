with clocks as (

    select * from {{ ref('int_handoff_clocks') }}

),

activity_types as (

    select activity_type from {{ ref('activity_types') }}
    where can_be_response

),

done as (

    select
        activities.activity_id,
        activities.lead_id,
        activities.activity_type,
        activities.actor,
        activities.user_id,
        coalesce(activities.is_inbound, false) as is_inbound,
        activities.occurred_at,
        activities.occurred_at_precision,
        {{ local_date('activities.occurred_at', 'activities.occurred_at_precision') }} as occurred_date,
        activity_types.activity_type is not null as can_be_response
    from {{ ref('activities') }} as activities
    left join activity_types on activities.activity_type = activity_types.activity_type
    where
        not activities.is_deleted
        and activities.lead_id is not null
        and (
            (activity_types.activity_type is not null and activities.actor in ('rep', 'automation'))
            or activities.activity_type = 'unsubscribed'
            or (activities.activity_type = 'meeting_booked' and activities.actor = 'person')
        )

),

withdrawals as (

    select lead_id, changed_at
    from {{ ref('consents') }}
    where not is_deleted and status = 'withdrawn'

),

-- What is known only by its day may have happened at any moment of that day: after the start, if that was on it.
around as (

    select
        clocks.lead_id,
        clocks.attempt_number,
        clocks.clock,
        clocks.started_at,
        clocks.clock_started_at,
        clocks.preempt_hours,
        done.activity_id,
        done.activity_type,
        done.actor,
        done.user_id,
        done.is_inbound,
        done.can_be_response,
        case
            when
                done.occurred_at_precision = 'day'
                and done.occurred_date = {{ local_date(
                    'clocks.clock_started_at', 'clocks.clock_started_at_precision'
                ) }}
                then greatest(done.occurred_at, clocks.clock_started_at)
            else done.occurred_at
        end as occurred_at
    from clocks
    inner join done
        on
            clocks.lead_id = done.lead_id
            and done.occurred_at < clocks.next_started_at

),

sorted as (

    select
        *,
        can_be_response and actor = 'rep' and not is_inbound as is_answer,
        occurred_at >= clock_started_at as is_after_start,
        occurred_at >= started_at as is_after_handover,
        -- What was done since the hand-over was done for it, however long nobody was named as the owner.
        occurred_at < clock_started_at
        and (
            occurred_at >= started_at
            or {{ hours_between('occurred_at', 'clock_started_at') }} <= coalesce(preempt_hours, 0)
        ) as is_just_before
    from around

),

answered as (

    select
        lead_id,
        attempt_number,
        clock,
        max(case when is_answer and is_just_before then 1 else 0 end) = 1 as is_preempted,
        min(case when is_answer and is_after_start then occurred_at end) as first_response_at,
        min(case when can_be_response and actor = 'automation' and is_after_start then occurred_at end)
            as first_automated_at,
        min(case when activity_type = 'unsubscribed' and is_after_handover then occurred_at end) as unsubscribed_at,
        min(
            case
                when
                    activity_type = 'meeting_booked' and actor = 'person' and (is_after_start or is_just_before)
                    then occurred_at
            end
        ) as self_booked_at
    from sorted
    group by lead_id, attempt_number, clock

),

answers_ranked as (

    select
        lead_id,
        attempt_number,
        clock,
        user_id,
        row_number() over (
            partition by lead_id, attempt_number, clock
            order by case when is_just_before then 0 else 1 end, occurred_at, activity_id
        ) as answer_rank
    from sorted
    where is_answer and (is_after_start or is_just_before)

),

opted_out as (

    select
        clocks.lead_id,
        clocks.attempt_number,
        clocks.clock,
        min(withdrawals.changed_at) as withdrawn_at
    from clocks
    inner join withdrawals
        on
            clocks.lead_id = withdrawals.lead_id
            and withdrawals.changed_at >= clocks.started_at
            and withdrawals.changed_at < clocks.next_started_at
    group by clocks.lead_id, clocks.attempt_number, clocks.clock

),

joined as (

    select
        clocks.lead_id,
        clocks.attempt_number,
        clocks.clock,
        coalesce(answered.is_preempted, false) as is_preempted,
        answered.first_response_at,
        answers_ranked.user_id as responded_by,
        answered.first_automated_at,
        answered.self_booked_at,
        -- Of a null, `least` takes the other value.
        least(answered.unsubscribed_at, opted_out.withdrawn_at) as opted_out_at
    from clocks
    left join answered
        on
            clocks.lead_id = answered.lead_id
            and clocks.attempt_number = answered.attempt_number
            and clocks.clock = answered.clock
    left join answers_ranked
        on
            clocks.lead_id = answers_ranked.lead_id
            and clocks.attempt_number = answers_ranked.attempt_number
            and clocks.clock = answers_ranked.clock
            and answers_ranked.answer_rank = 1
    left join opted_out
        on
            clocks.lead_id = opted_out.lead_id
            and clocks.attempt_number = opted_out.attempt_number
            and clocks.clock = opted_out.clock

)

select * from joined
