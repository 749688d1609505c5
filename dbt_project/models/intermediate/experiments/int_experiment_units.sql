with assignments as (

    select * from {{ ref('experiment_assignments') }}
    where not is_deleted

),

experiments as (

    select * from {{ ref('experiments') }}
    where not is_deleted

),

identities as (

    select * from {{ ref('identity_map') }}
    where is_current

),

leads as (

    select lead_id from {{ ref('leads') }}
    where not is_deleted

),

accounts as (

    select account_id from {{ ref('accounts') }}
    where not is_deleted

),

-- Records that turned out to be one person or company are one unit.
resolved as (

    select
        assignments.experiment_id,
        assignments.unit_type,
        coalesce(identities.canonical_id, assignments.unit_id) as unit_id,
        assignments.variant,
        coalesce(assignments.assigned_at, experiments.started_at) as assigned_at,
        coalesce(experiments.horizon_days, {{ setting('conversion_horizon_days', 'int') }}) as horizon_days
    from assignments
    left join experiments on assignments.experiment_id = experiments.experiment_id
    left join identities
        on assignments.unit_type = identities.object_type and assignments.unit_id = identities.source_id

),

ranked as (

    select
        *,
        min(variant) over (partition by experiment_id, unit_type, unit_id)
        != max(variant) over (partition by experiment_id, unit_type, unit_id) as is_mixed,
        row_number() over (
            partition by experiment_id, unit_type, unit_id order by assigned_at asc nulls last, variant asc
        ) as assignment_rank
    from resolved

),

described as (

    select
        ranked.experiment_id,
        ranked.unit_type,
        ranked.unit_id,
        ranked.variant,
        ranked.assigned_at,
        ranked.horizon_days,
        case
            when ranked.assigned_at is null or coalesce(leads.lead_id, accounts.account_id) is null then 'unknown'
            when ranked.is_mixed then 'mixed'
            when {{ days_between('ranked.assigned_at', as_of()) }} < ranked.horizon_days then 'pending'
            else 'judged'
        end as standing
    from ranked
    left join leads on ranked.unit_type = 'lead' and ranked.unit_id = leads.lead_id
    left join accounts on ranked.unit_type = 'account' and ranked.unit_id = accounts.account_id
    where ranked.assignment_rank = 1

)

select * from described
