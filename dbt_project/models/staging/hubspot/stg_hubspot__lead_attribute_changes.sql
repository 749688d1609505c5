with history as (

    {{ latest_versions('raw_hubspot', 'contact_history', ['object_id', 'property', 'changed_at', 'sequence']) }}

),

field_mappings as (

    select * from {{ ref('field_mappings') }}
    where source = 'hubspot' and object = 'contacts' and column_name != 'stage_reason'

),

attributes as (

    select
        history.*,
        case
            when history.property = 'associatedcompanyid' then 'account_id' else field_mappings.column_name
        end as attribute,
        case
            when history.property = 'associatedcompanyid' then 'hubspot:' || nullif(history.value, '')
            else nullif(history.value, '')
        end as attribute_value,
        row_number() over (
            partition by history.object_id, history.property, history.changed_at order by history.sequence desc
        ) as repeat_number
    from history
    left join field_mappings on history.property = field_mappings.source_field

),

renamed as (

    select
        'hubspot:' || object_id as lead_id,
        attribute,
        attribute_value as value,
        changed_at,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from attributes
    where attribute is not null and repeat_number = 1

)

select * from renamed
