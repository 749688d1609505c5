with leads as (

    select * from {{ ref('leads') }}
    where not is_deleted

),

changes as (

    select * from {{ ref('lead_owner_changes') }}
    where not is_deleted

),

recorded as (

    select lead_id, owner_id, changed_at
    from changes
    union all
    -- Without a history the owner of today is the best that is known.
    select leads.lead_id, leads.owner_id, leads.created_at
    from leads
    left join changes on leads.lead_id = changes.lead_id
    where changes.lead_id is null and leads.owner_id is not null

),

recorded_with_previous as (

    select
        lead_id,
        owner_id,
        changed_at,
        lag(owner_id) over (partition by lead_id order by changed_at, owner_id) as previous_owner_id
    from recorded

),

arrivals as (

    select lead_id, owner_id, changed_at
    from recorded_with_previous
    where previous_owner_id is null or previous_owner_id != owner_id

),

dated as (

    select
        lead_id,
        owner_id,
        changed_at as valid_from,
        lead(changed_at, 1, timestamp '9999-12-31 00:00:00') over (
            partition by lead_id order by changed_at, owner_id
        ) as valid_to
    from arrivals

)

select * from dated
