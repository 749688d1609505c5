with leads as (

    {{ latest_versions('raw_salesforce', 'leads', ['id']) }}

),

contacts as (

    {{ latest_versions('raw_salesforce', 'contacts', ['id']) }}

),

first_leads as (

    select
        converted_contact_id,
        min(id) as lead_id
    from leads
    where converted_contact_id is not null
    group by converted_contact_id

),

records as (

    select
        leads.id as record_id,
        leads.id as person_id,
        leads.created_date as created_at,
        leads.status as stage,
        {{ mapped_field('salesforce', 'leads', 'stage_reason', relation='leads') }} as stage_reason,
        leads.owner_id,
        leads.has_opted_out_of_email,
        leads.do_not_call,
        leads.is_converted,
        leads.converted_date,
        leads.master_record_id is not null as is_merged,
        leads._first_loaded_at as loaded_at,
        leads._is_deleted as is_deleted
    from leads
    union all
    select
        contacts.id as record_id,
        coalesce(first_leads.lead_id, contacts.id) as person_id,
        contacts.created_date as created_at,
        {{ mapped_field('salesforce', 'contacts', 'stage', relation='contacts') }} as stage,
        {{ mapped_field('salesforce', 'contacts', 'stage_reason', relation='contacts') }} as stage_reason,
        contacts.owner_id,
        contacts.has_opted_out_of_email,
        contacts.do_not_call,
        false as is_converted,
        cast(null as date) as converted_date,
        contacts.master_record_id is not null as is_merged,
        contacts._first_loaded_at as loaded_at,
        contacts._is_deleted as is_deleted
    from contacts
    left join first_leads on contacts.id = first_leads.converted_contact_id

)

select * from records
