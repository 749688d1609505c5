with history as (

    {{ latest_versions('raw_salesforce', 'account_history', ['id']) }}

),

accounts as (

    {{ latest_versions('raw_salesforce', 'accounts', ['id']) }}

),

field_mappings as (

    select * from {{ ref('field_mappings') }}
    where source = 'salesforce' and object = 'accounts'

),

numbered as (

    select
        history.account_id,
        field_mappings.column_name as attribute,
        history.new_value,
        history.old_value,
        history.created_date as changed_at,
        accounts.created_date as created_at,
        history._first_loaded_at as loaded_at,
        history._is_deleted
        or (coalesce(history.is_deleted, false) and accounts.master_record_id is null) as is_deleted,
        row_number() over (
            partition by history.account_id, field_mappings.column_name order by history.created_date, history.id
        ) as change_number,
        row_number() over (
            partition by history.account_id, field_mappings.column_name, history.created_date order by history.id desc
        ) as change_rank
    from history
    inner join field_mappings on history.field = field_mappings.source_field
    inner join accounts on history.account_id = accounts.id

),

-- The value of the first day is what the first change left behind.
changes as (

    select
        account_id,
        attribute,
        old_value as value,
        created_at as changed_at,
        loaded_at,
        is_deleted
    from numbered
    where change_number = 1 and changed_at > created_at
    union all
    select
        account_id,
        attribute,
        new_value as value,
        changed_at,
        loaded_at,
        is_deleted
    from numbered
    where change_rank = 1

),

renamed as (

    select
        'salesforce:' || account_id as account_id,
        attribute,
        value,
        changed_at,
        'salesforce' as source,
        loaded_at,
        is_deleted
    from changes

)

select * from renamed
