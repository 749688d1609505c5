{#- The stages of people synced from the CRM are the CRM's to tell. -#}
{%- set has_crm = 'true' if 'salesforce' in enabled_sources() else 'false' -%}

with activities as (

    {{ latest_versions('raw_marketo', 'activities', ['marketo_guid']) }}

),

activity_types as (

    {{ latest_versions('raw_marketo', 'activity_types', ['id']) }}

),

leads as (

    {{ latest_versions('raw_marketo', 'leads', ['id']) }}

),

renamed as (

    select
        'marketo:' || cast(activities.lead_id as string) as lead_id,
        activities.new_stage as stage,
        activities.activity_date as changed_at,
        'second' as changed_at_precision,
        cast(null as string) as changed_by,
        activities.reason,
        'marketo' as source,
        activities._loaded_at as loaded_at,
        activities._is_deleted as is_deleted
    from activities
    inner join activity_types on activities.activity_type_id = activity_types.id
    left join leads on activities.lead_id = leads.id
    where
        activity_types.name = 'Change Revenue Stage'
        and activities.new_stage is not null
        and (not {{ has_crm }} or (leads.sfdc_lead_id is null and leads.sfdc_contact_id is null))

)

select * from renamed
