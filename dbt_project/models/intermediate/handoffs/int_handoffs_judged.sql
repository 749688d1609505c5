with clocks as (

    select * from {{ ref('int_handoff_clocks') }}

),

answers as (

    select * from {{ ref('int_handoff_answers') }}

),

together as (

    select
        clocks.*,
        answers.is_preempted,
        answers.first_response_at,
        answers.responded_by,
        answers.first_automated_at,
        -- What ends the claim on an answer: the earliest of these, if it comes before the answer was due.
        least(
            answers.opted_out_at,
            answers.self_booked_at,
            clocks.exited_at
        ) as ended_at,
        answers.opted_out_at,
        answers.self_booked_at
    from clocks
    inner join answers
        on
            clocks.lead_id = answers.lead_id
            and clocks.attempt_number = answers.attempt_number
            and clocks.clock = answers.clock

),

judged as (

    select
        *,
        case
            when rule_id is null then null
            when is_preempted then 'met'
            when due_at is null then null
            when
                first_response_at <= due_at and (ended_at is null or first_response_at <= ended_at)
                then 'met'
            when ended_at < due_at then 'void'
            -- An end after that closes the clock as it stood.
            when first_response_at is not null or ended_at is not null then 'breached'
            when due_at > {{ as_of() }} then 'running'
            else 'past_due_open'
        end as sla_state
    from together

),

explained as (

    select
        lead_id,
        attempt_number,
        clock,
        stage,
        visit_number,
        started_at,
        started_date,
        exited_at,
        is_current,
        next_started_at,
        assigned_at,
        clock_started_at,
        clock_started_at_precision,
        accepted_at,
        opportunity_at,
        recycled_at,
        recycled_at_precision,
        resumed_at,
        disqualified_at,
        return_reason,
        rule_id,
        target_hours,
        are_business_hours,
        calendar,
        business_hours_at_start,
        due_at,
        is_preempted,
        first_response_at,
        responded_by,
        first_automated_at,
        sla_state,
        case
            when sla_state is null or sla_state != 'void' then null
            when ended_at = self_booked_at then 'self_booked'
            when ended_at = opted_out_at then 'opted_out'
            when recycled_at = exited_at then 'recycled'
            when disqualified_at = exited_at then 'disqualified'
            else 'moved_on'
        end as void_reason,
        -- The moment at which the clock stood still.
        case
            when is_preempted then clock_started_at
            when sla_state = 'void' then ended_at
            when sla_state in ('met', 'breached') then coalesce(first_response_at, ended_at)
        end as stopped_at
    from judged

)

select * from explained
