with diagnostics as (

    select * from {{ ref('diagnostics') }}

),

gaps as (

    select * from {{ ref('fct_data_gaps') }}
    where affected_count > 0

),

alarms as (

    select * from {{ ref('fct_score_alarms') }}

),

leads_in_stages as (

    select stage, count(*) as total_count
    from {{ ref('fct_lead_stage_visits') }}
    where is_current and not is_left_truncated
    group by stage

),

leads_stuck as (

    select
        *,
        row_number() over (
            partition by stage order by value_at_stake_amount desc nulls last, lead_id asc
        ) as rank_in_stage
    from {{ ref('fct_stuck_leads') }}

),

opportunities_open as (

    select
        *,
        row_number() over (
            partition by stage, is_stuck order by expected_amount desc nulls last, opportunity_id asc
        ) as rank_in_stage
    from {{ ref('fct_opportunities') }}
    where not is_closed

),

-- The oldest of the overdue ones are shown first, of the late ones the latest.
handoffs as (

    select
        *,
        sla_state = 'past_due_open' as is_overdue,
        sla_state in ('breached', 'past_due_open') as is_late,
        row_number() over (
            partition by clock, sla_state = 'past_due_open' order by started_at asc, handoff_id asc
        ) as rank_overdue,
        row_number() over (
            partition by clock, sla_state in ('breached', 'past_due_open') order by started_at desc, handoff_id asc
        ) as rank_late
    from {{ ref('fct_lead_handoffs') }}
    where sla_state in ('running', 'met', 'breached', 'past_due_open')

),

counted as (

    select
        'stuck_leads' as diagnostic,
        leads_stuck.stage as subject,
        count(*) as affected_count,
        max(leads_in_stages.total_count) as total_count,
        {{ exact_sum('leads_stuck.value_at_stake_amount') }} as value_at_stake_amount,
        {{ joined_text('case when rank_in_stage <= 5 then lead_id end', 'rank_in_stage') }} as example_ids,
        max(leads_stuck.recommended_action) as recommended_action
    from leads_stuck
    inner join leads_in_stages on leads_stuck.stage = leads_in_stages.stage
    group by leads_stuck.stage
    union all
    select
        'stuck_opportunities',
        stage,
        count(case when is_stuck then 1 end),
        count(*),
        {{ exact_sum('case when is_stuck then expected_amount end') }},
        {{ joined_text('case when is_stuck and rank_in_stage <= 5 then opportunity_id end', 'rank_in_stage') }},
        cast(null as string)
    from opportunities_open
    group by stage
    union all
    select
        'overdue_answers',
        clock,
        count(case when is_overdue then 1 end),
        count(*),
        cast(null as double),
        {{ joined_text('case when is_overdue and rank_overdue <= 5 then lead_id end', 'rank_overdue') }},
        cast(null as string)
    from handoffs
    where sla_state in ('running', 'past_due_open')
    group by clock
    union all
    select
        'late_answers',
        clock,
        count(case when is_late then 1 end),
        count(*),
        cast(null as double),
        {{ joined_text('case when is_late and rank_late <= 5 then lead_id end', 'rank_late') }},
        cast(null as string)
    from handoffs
    where sla_state != 'running'
    group by clock

),

findings as (

    select
        'data_gaps' as diagnostic,
        gap as subject,
        severity,
        description,
        recommended_action,
        affected_count,
        total_count,
        value_at_stake_amount,
        example_ids,
        'fct_data_gaps' as proven_in
    from gaps
    union all
    -- Nobody in particular has an alarm: it is about all leads that were measured.
    select
        'score_alarms',
        concat(alarm, ' ', score_version, ' ', subject),
        severity,
        description,
        recommended_action,
        cast(null as bigint),
        lead_count,
        cast(null as double),
        cast(null as string),
        'fct_score_alarms'
    from alarms
    union all
    select
        counted.diagnostic,
        counted.subject,
        diagnostics.severity,
        diagnostics.description,
        coalesce(counted.recommended_action, diagnostics.recommended_action),
        counted.affected_count,
        counted.total_count,
        counted.value_at_stake_amount,
        counted.example_ids,
        case counted.diagnostic
            when 'stuck_leads' then 'fct_stuck_leads'
            when 'stuck_opportunities' then 'fct_opportunities'
            else 'fct_lead_handoffs'
        end
    from counted
    inner join diagnostics on counted.diagnostic = diagnostics.diagnostic
    where counted.affected_count > 0

),

ranked as (

    select
        diagnostic,
        subject,
        row_number() over (
            order by
                case severity when 'warn' then 1 else 2 end asc,
                value_at_stake_amount desc nulls last,
                affected_count / cast(nullif(total_count, 0) as double) desc nulls last,
                diagnostic asc,
                subject asc
        ) as finding_rank,
        severity,
        description,
        recommended_action,
        affected_count,
        total_count,
        affected_count / cast(nullif(total_count, 0) as double) as affected_rate,
        value_at_stake_amount,
        example_ids,
        proven_in
    from findings

)

select * from ranked
