with history as (

    {{ latest_versions('raw_hubspot', 'contact_history', ['object_id', 'property', 'changed_at', 'sequence']) }}

),

owners as (

    {{ latest_versions('raw_hubspot', 'owners', ['id']) }}

),

field_mappings as (

    select * from {{ ref('field_mappings') }}
    where source = 'hubspot' and object = 'contacts' and column_name = 'stage_reason'

),

-- The life cycle and, for those who are off the way, the lead status are one track. Going back empties the life cycle
-- first; that is no stage.
stages as (

    select
        object_id,
        property,
        changed_at,
        sequence,
        value,
        updated_by_user_id,
        _loaded_at,
        _is_deleted,
        row_number() over (partition by object_id, value, changed_at order by sequence desc) as repeat_number
    from history
    where property in ('lifecyclestage', 'hs_lead_status') and value != ''

),

stages_with_next as (

    select
        *,
        lead(changed_at) over (partition by object_id order by changed_at, sequence, property) as next_changed_at
    from stages
    where repeat_number = 1

),

reasons as (

    select history.object_id, history.changed_at, history.sequence, history.value
    from history
    inner join field_mappings on history.property = field_mappings.source_field

),

-- The reason is written with the status or a little later; where it stays the same it is not written again.
stages_with_reasons as (

    select
        stages_with_next.*,
        nullif(reasons.value, '') as reason,
        row_number() over (
            partition by stages_with_next.object_id, stages_with_next.changed_at, stages_with_next.value
            order by
                case when reasons.changed_at >= stages_with_next.changed_at then 0 else 1 end,
                case when reasons.changed_at >= stages_with_next.changed_at then reasons.changed_at end,
                reasons.changed_at desc,
                reasons.sequence desc
        ) as reason_rank
    from stages_with_next
    left join reasons
        on
            stages_with_next.property = 'hs_lead_status'
            and stages_with_next.object_id = reasons.object_id
            and (
                reasons.changed_at < stages_with_next.next_changed_at
                or reasons.changed_at = stages_with_next.changed_at
                or stages_with_next.next_changed_at is null
            )

),

renamed as (

    select
        'hubspot:' || stages_with_reasons.object_id as lead_id,
        stages_with_reasons.value as stage,
        stages_with_reasons.changed_at,
        'second' as changed_at_precision,
        'hubspot:' || owners.id as changed_by,
        stages_with_reasons.reason,
        'hubspot' as source,
        stages_with_reasons._loaded_at as loaded_at,
        stages_with_reasons._is_deleted as is_deleted
    from stages_with_reasons
    left join owners on stages_with_reasons.updated_by_user_id = owners.user_id_including_inactive
    where stages_with_reasons.reason_rank = 1

)

select * from renamed
