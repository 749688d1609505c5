with lead_changes as (

    select * from {{ ref('lead_attribute_changes') }}
    where not is_deleted

),

account_changes as (

    select * from {{ ref('account_attribute_changes') }}
    where not is_deleted

),

spellings as (

    select * from {{ ref('value_mappings') }}

),

changes as (

    select 'leads' as entity, lead_id as entity_id, attribute, value, changed_at from lead_changes
    union all
    select 'accounts' as entity, account_id as entity_id, attribute, value, changed_at from account_changes

),

spelled as (

    select
        changes.entity,
        changes.entity_id,
        changes.attribute,
        coalesce(spellings.value, changes.value) as value,
        changes.changed_at
    from changes
    left join spellings
        on
            changes.entity = spellings.entity
            and changes.attribute = spellings.column_name
            and changes.value = spellings.source_value

),

-- The first known value reaches back to the beginning: it is the best that is known of that time.
dated as (

    select
        entity,
        entity_id,
        attribute,
        value,
        changed_at as recorded_at,
        case
            when row_number() over (partition by entity, entity_id, attribute order by changed_at) > 1 then changed_at
            else timestamp '0001-01-01 00:00:00'
        end as valid_from,
        lead(changed_at, 1, timestamp '9999-12-31 00:00:00') over (
            partition by entity, entity_id, attribute order by changed_at
        ) as valid_to
    from spelled

)

select * from dated
