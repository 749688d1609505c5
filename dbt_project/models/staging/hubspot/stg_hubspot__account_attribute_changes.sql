with history as (

    {{ latest_versions('raw_hubspot', 'company_history', ['object_id', 'property', 'changed_at', 'sequence']) }}

),

field_mappings as (

    select * from {{ ref('field_mappings') }}
    where source = 'hubspot' and object = 'companies' and column_name != 'stage_reason'

),

attributes as (

    select
        history.*,
        field_mappings.column_name as attribute,
        nullif(history.value, '') as attribute_value,
        row_number() over (
            partition by history.object_id, history.property, history.changed_at order by history.sequence desc
        ) as repeat_number
    from history
    left join field_mappings on history.property = field_mappings.source_field

),

renamed as (

    select
        'hubspot:' || object_id as account_id,
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
