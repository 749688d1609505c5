with people as (

    select * from {{ ref('stg_salesforce__people') }}

),

history as (

    select * from {{ ref('stg_salesforce__person_history') }}

),

users as (

    {{ latest_versions('raw_salesforce', 'users', ['id']) }}

),

recorded as (

    select
        person_id,
        change_id,
        new_value as stage,
        old_value as previous_stage,
        changed_at,
        changed_by_id,
        loaded_at,
        is_deleted,
        row_number() over (partition by person_id order by changed_at, change_id) as change_number
    from history
    where column_name = 'stage' and new_value is not null

),

-- Nothing is recorded at the creation: the first stage is what the first change left behind, else the present one. Of a
-- Lead that was converted without a trace only the day is known.
entered as (

    select
        people.person_id,
        people.person_id as change_id,
        coalesce(first_changes.previous_stage, people.stage) as stage,
        case
            when first_changes.person_id is null and people.is_converted and people.converted_date is not null
                then cast(people.converted_date as timestamp)
            else people.created_at
        end as changed_at,
        case
            when first_changes.person_id is null and people.is_converted and people.converted_date is not null
                then 'day'
            else 'second'
        end as changed_at_precision,
        cast(null as string) as changed_by_id,
        people.loaded_at,
        people.is_deleted and not people.is_merged as is_deleted
    from people
    left join recorded as first_changes
        on people.person_id = first_changes.person_id and first_changes.change_number = 1
    where people.record_id = people.person_id

),

changes as (

    select * from entered
    where stage is not null
    union all
    select
        person_id,
        change_id,
        stage,
        changed_at,
        'second' as changed_at_precision,
        changed_by_id,
        loaded_at,
        is_deleted
    from recorded

),

reasons as (

    select
        person_id,
        change_id,
        new_value as reason,
        changed_at
    from history
    where column_name = 'stage_reason'

),

-- What the field of the reason held at the moment of the change.
with_reasons as (

    select
        changes.*,
        reasons.reason,
        row_number() over (
            partition by changes.person_id, changes.stage, changes.changed_at
            order by changes.change_id desc, reasons.changed_at desc nulls last, reasons.change_id desc nulls last
        ) as reason_rank,
        max(changes.changed_at) over (partition by changes.person_id) as last_changed_at
    from changes
    left join reasons on changes.person_id = reasons.person_id and changes.changed_at >= reasons.changed_at

),

-- Where its changes are not recorded, the reason that stands there now is that of the last change.
untraced_reasons as (

    select
        people.person_id,
        max(people.stage_reason) as reason
    from people
    left join reasons on people.person_id = reasons.person_id
    where reasons.person_id is null
    group by people.person_id

),

renamed as (

    select
        'salesforce:' || with_reasons.person_id as lead_id,
        with_reasons.stage,
        with_reasons.changed_at,
        with_reasons.changed_at_precision,
        case when users.user_type = 'Standard' then 'salesforce:' || users.id end as changed_by,
        case
            when with_reasons.changed_at = with_reasons.last_changed_at
                then coalesce(with_reasons.reason, untraced_reasons.reason)
            else with_reasons.reason
        end as reason,
        'salesforce' as source,
        with_reasons.loaded_at,
        with_reasons.is_deleted
    from with_reasons
    left join users on with_reasons.changed_by_id = users.id
    left join untraced_reasons on with_reasons.person_id = untraced_reasons.person_id
    where with_reasons.reason_rank = 1

)

select * from renamed
