with stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'lead'

),

judged as (

    select
        stages.stage,
        stages.stage_role,
        stages.stage_order
    from stages
    where stages.stage_role in (select criteria.stage_role from {{ ref('qualification_criteria') }} as criteria)

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

visits as (

    select lead_id, stage_order, entered_at, is_left_truncated
    from {{ ref('fct_lead_stage_visits') }}

),

-- Of whom only the present stage is known, nobody can say when it came there.
histories as (

    select lead_id
    from visits
    group by lead_id
    having max(case when is_left_truncated or entered_at is null then 1 else 0 end) = 0

),

recorded as (

    select
        visits.lead_id,
        judged.stage_order,
        min(visits.entered_at) as recorded_at
    from visits
    inner join judged on visits.stage_order >= judged.stage_order
    group by visits.lead_id, judged.stage_order

),

computed as (

    select * from {{ ref('int_stages_computed') }}

),

compared as (

    select
        leads.lead_id,
        leads.account_id,
        leads.owner_id,
        judged.stage,
        judged.stage_role,
        judged.stage_order,
        recorded.recorded_at,
        computed.met_at as computed_at,
        computed.criterion_id,
        computed.reached_by,
        {{ days_between('computed.met_at', 'recorded.recorded_at') }} as days_apart,
        case
            -- The clocks of two systems differ.
            when
                recorded.recorded_at is not null
                and (
                    computed.met_at is null
                    or computed.met_at
                    > {{ add_minutes('recorded.recorded_at', setting('touch_grace_minutes', 'int')) }}
                )
                then 'premature'
            when
                {{ days_between('computed.met_at', 'coalesce(recorded.recorded_at, ' ~ as_of() ~ ')') }}
                <= {{ setting('late_handover_days', 'int') }}
                then case when recorded.recorded_at is not null then 'agreed' else 'pending' end
            when recorded.recorded_at is not null then 'late'
            else 'missing'
        end as agreement,
        leads.channel,
        leads.campaign_id,
        leads.persona,
        leads.segment,
        leads.product
    from leads
    inner join histories on leads.lead_id = histories.lead_id
    cross join judged
    left join recorded on leads.lead_id = recorded.lead_id and judged.stage_order = recorded.stage_order
    left join computed on leads.lead_id = computed.lead_id and judged.stage_order = computed.stage_order
    where recorded.recorded_at is not null or computed.met_at is not null

)

select * from compared
