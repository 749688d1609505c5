with lead_history as (

    {{ latest_versions('raw_salesforce', 'lead_history', ['id']) }}

),

contact_history as (

    {{ latest_versions('raw_salesforce', 'contact_history', ['id']) }}

),

people as (

    select * from {{ ref('stg_salesforce__people') }}

),

field_mappings as (

    select * from {{ ref('field_mappings') }}
    where source = 'salesforce'

),

unioned as (

    select
        id,
        lead_id as record_id,
        'leads' as object,
        field,
        old_value,
        new_value,
        created_date,
        created_by_id,
        is_deleted,
        _first_loaded_at as loaded_at,
        _is_deleted
    from lead_history
    union all
    select
        id,
        contact_id as record_id,
        'contacts' as object,
        field,
        old_value,
        new_value,
        created_date,
        created_by_id,
        is_deleted,
        _first_loaded_at as loaded_at,
        _is_deleted
    from contact_history

),

-- The history of a record that was merged into another is the other's too, though Salesforce bins it with the record.
changes as (

    select
        unioned.id as change_id,
        people.person_id,
        unioned.field,
        case
            when unioned.object = 'leads' and unioned.field = 'Status' then 'stage'
            else field_mappings.column_name
        end as column_name,
        unioned.old_value,
        unioned.new_value,
        unioned.created_date as changed_at,
        unioned.created_by_id as changed_by_id,
        unioned.loaded_at,
        unioned._is_deleted or (coalesce(unioned.is_deleted, false) and not people.is_merged) as is_deleted
    from unioned
    inner join people on unioned.record_id = people.record_id
    left join field_mappings
        on
            unioned.object = field_mappings.object
            and unioned.field = field_mappings.source_field

)

select * from changes
