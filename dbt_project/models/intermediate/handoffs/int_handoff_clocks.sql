with handovers as (

    select * from {{ ref('int_lead_handovers') }}

),

rules as (

    select * from {{ ref('sla_rules') }}

),

visits as (

    select lead_id, stage, visit_number, segment
    from {{ ref('fct_lead_stage_visits') }}

),

owners as (

    select * from {{ ref('int_lead_owners_dated') }}

),

users as (

    select user_id, calendar
    from {{ ref('users') }}
    where not is_deleted

),

calendars as (

    select calendar, is_default from {{ ref('business_calendars') }}

),

business_days as (

    select * from {{ ref('business_days') }}

),

clocks as (

    select
        *,
        'qualified' as clock,
        started_at as clock_started_at,
        started_at_precision as clock_started_at_precision
    from handovers
    union all
    select
        *,
        'assigned' as clock,
        assigned_at as clock_started_at,
        case when assigned_at = started_at then started_at_precision else 'second' end as clock_started_at_precision
    from handovers
    where assigned_at is not null

),

clocks_in_segments as (

    select
        clocks.*,
        visits.segment
    from clocks
    inner join visits
        on
            clocks.lead_id = visits.lead_id
            and clocks.stage = visits.stage
            and clocks.visit_number = visits.visit_number

),

rules_ranked as (

    select
        clocks_in_segments.lead_id,
        clocks_in_segments.attempt_number,
        clocks_in_segments.clock,
        rules.rule_id,
        rules.target_hours,
        rules.are_business_hours,
        rules.preempt_hours,
        row_number() over (
            partition by clocks_in_segments.lead_id, clocks_in_segments.attempt_number, clocks_in_segments.clock
            order by rules.priority
        ) as rule_rank
    from clocks_in_segments
    inner join rules
        on
            clocks_in_segments.clock = rules.clock
            and {{ is_valid_on('rules', 'clocks_in_segments.started_date') }}
            and (
                rules.segment is null
                or {{ matches_pattern("coalesce(clocks_in_segments.segment, '')", 'rules.segment') }}
            )

),

default_calendar as (

    select calendar from calendars
    where is_default

),

-- The office hours of whoever has the lead when the clock starts.
clocks_with_calendar as (

    select
        clocks_in_segments.*,
        rules_ranked.rule_id,
        rules_ranked.target_hours,
        rules_ranked.are_business_hours,
        rules_ranked.preempt_hours,
        coalesce(calendars.calendar, default_calendar.calendar) as calendar
    from clocks_in_segments
    left join rules_ranked
        on
            clocks_in_segments.lead_id = rules_ranked.lead_id
            and clocks_in_segments.attempt_number = rules_ranked.attempt_number
            and clocks_in_segments.clock = rules_ranked.clock
            and rules_ranked.rule_rank = 1
    left join owners
        on
            clocks_in_segments.lead_id = owners.lead_id
            and coalesce(clocks_in_segments.assigned_at, clocks_in_segments.started_at) >= owners.valid_from
            and coalesce(clocks_in_segments.assigned_at, clocks_in_segments.started_at) < owners.valid_to
    left join users on owners.owner_id = users.user_id
    left join calendars on users.calendar = calendars.calendar
    cross join default_calendar

),

clocks_with_hours as (

    select
        clocks_with_calendar.*,
        {{ business_hours_until('clocks_with_calendar.clock_started_at', 'day_of_start') }} as business_hours_at_start
    from clocks_with_calendar
    {{ join_business_day('day_of_start', 'clocks_with_calendar.calendar', 'clocks_with_calendar.clock_started_at') }}

),

-- In business hours the answer is due when so many more of them have passed than at the start.
due as (

    select
        clocks_with_hours.lead_id,
        clocks_with_hours.attempt_number,
        clocks_with_hours.clock,
        clocks_with_hours.stage,
        clocks_with_hours.visit_number,
        clocks_with_hours.started_at,
        clocks_with_hours.started_date,
        clocks_with_hours.exited_at,
        clocks_with_hours.is_current,
        clocks_with_hours.next_started_at,
        clocks_with_hours.assigned_at,
        clocks_with_hours.clock_started_at,
        clocks_with_hours.clock_started_at_precision,
        clocks_with_hours.accepted_at,
        clocks_with_hours.opportunity_at,
        clocks_with_hours.recycled_at,
        clocks_with_hours.recycled_at_precision,
        clocks_with_hours.resumed_at,
        clocks_with_hours.disqualified_at,
        clocks_with_hours.return_reason,
        clocks_with_hours.rule_id,
        clocks_with_hours.target_hours,
        clocks_with_hours.are_business_hours,
        clocks_with_hours.preempt_hours,
        clocks_with_hours.calendar,
        clocks_with_hours.business_hours_at_start,
        case
            when clocks_with_hours.are_business_hours
                then
                    {{ add_seconds(
                        'day_of_due.opens_at',
                        '(clocks_with_hours.business_hours_at_start + clocks_with_hours.target_hours'
                        ~ ' - day_of_due.hours_before) * 3600',
                    ) }}
            else {{ add_seconds('clocks_with_hours.clock_started_at', 'clocks_with_hours.target_hours * 3600') }}
        end as due_at
    from clocks_with_hours
    left join business_days as day_of_due
        on
            clocks_with_hours.are_business_hours
            and clocks_with_hours.calendar = day_of_due.calendar
            and clocks_with_hours.business_hours_at_start + clocks_with_hours.target_hours > day_of_due.hours_before
            and clocks_with_hours.business_hours_at_start + clocks_with_hours.target_hours
            <= day_of_due.hours_before + {{ hours_between('day_of_due.opens_at', 'day_of_due.closes_at') }}

)

select * from due
