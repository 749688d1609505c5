with people as (

    select * from {{ ref('stg_salesforce__people') }}

),

history as (

    select * from {{ ref('stg_salesforce__person_history') }}

),

-- A change of owner is recorded twice, with names and with ids. A queue's id begins with 00G: nobody owns that yet.
recorded as (

    select
        person_id,
        change_id,
        new_value as owner_id,
        old_value as previous_owner_id,
        changed_at,
        loaded_at,
        is_deleted,
        row_number() over (partition by person_id order by changed_at, change_id) as change_number
    from history
    where
        field = 'Owner'
        and length(new_value) in (15, 18)
        and (new_value like '005%' or new_value like '00G%')

),

first_owners as (

    select
        people.person_id,
        case
            when first_changes.person_id is null then people.owner_id
            else first_changes.previous_owner_id
        end as owner_id,
        people.created_at as changed_at,
        people.loaded_at,
        people.is_deleted and not people.is_merged as is_deleted
    from people
    left join recorded as first_changes
        on people.person_id = first_changes.person_id and first_changes.change_number = 1
    where people.record_id = people.person_id

),

changes as (

    select * from first_owners
    union all
    select
        person_id,
        owner_id,
        changed_at,
        loaded_at,
        is_deleted
    from recorded

),

renamed as (

    select
        'salesforce:' || person_id as lead_id,
        'salesforce:' || owner_id as owner_id,
        changed_at,
        'salesforce' as source,
        min(loaded_at) as loaded_at,
        max(case when is_deleted then 0 else 1 end) = 0 as is_deleted
    from changes
    where owner_id like '005%'
    group by person_id, owner_id, changed_at

)

select * from renamed
