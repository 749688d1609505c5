with people as (

    select * from {{ ref('stg_salesforce__people') }}

),

history as (

    select * from {{ ref('stg_salesforce__person_history') }}
    where column_name not in ('stage', 'stage_reason')

),

-- A change of a look-up is recorded twice, with names and with ids: the ids count.
recorded as (

    select
        person_id,
        change_id,
        column_name as attribute,
        case when column_name = 'account_id' then 'salesforce:' || new_value else new_value end as value,
        case when column_name = 'account_id' then 'salesforce:' || old_value else old_value end as previous_value,
        changed_at,
        loaded_at,
        is_deleted
    from history
    where column_name != 'account_id' or coalesce(new_value, old_value) like '001%'

),

numbered as (

    select
        *,
        row_number() over (partition by person_id, attribute order by changed_at, change_id) as change_number,
        row_number() over (partition by person_id, attribute, changed_at order by change_id desc) as change_rank
    from recorded

),

-- The value of the first day is what the first change left behind.
changes as (

    select
        numbered.person_id,
        numbered.attribute,
        numbered.previous_value as value,
        people.created_at as changed_at,
        numbered.loaded_at,
        numbered.is_deleted
    from numbered
    inner join people on numbered.person_id = people.record_id
    where numbered.change_number = 1 and numbered.changed_at > people.created_at
    union all
    select
        person_id,
        attribute,
        value,
        changed_at,
        loaded_at,
        is_deleted
    from numbered
    where change_rank = 1

),

renamed as (

    select
        'salesforce:' || person_id as lead_id,
        attribute,
        value,
        changed_at,
        'salesforce' as source,
        loaded_at,
        is_deleted
    from changes

)

select * from renamed
