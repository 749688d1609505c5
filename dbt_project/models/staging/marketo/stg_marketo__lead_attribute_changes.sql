{#- What changed about people synced from the CRM is the CRM's to tell. -#}
{%- set has_crm = 'true' if 'salesforce' in enabled_sources() else 'false' -%}
{%- set fields = fromjson(env_var('FUNNELHOUSE_FIELD_MAPPINGS', '{}')).get('marketo', {}).get('leads', {}) -%}

with changes as (

    {{ latest_versions('raw_marketo', 'lead_changes', ['marketo_guid', 'field']) }}

),

leads as (

    {{ latest_versions('raw_marketo', 'leads', ['id']) }}

),

named as (

    select
        changes.*,
        case changes.field
            {%- for attribute, field in fields.items() %}
            when '{{ field }}' then '{{ attribute }}'
            {%- else %}
            when '' then ''
            {%- endfor %}
        end as attribute
    from changes
    left join leads on changes.lead_id = leads.id
    where not {{ has_crm }} or (leads.sfdc_lead_id is null and leads.sfdc_contact_id is null)

),

renamed as (

    select
        'marketo:' || cast(lead_id as string) as lead_id,
        attribute,
        new_value as value,
        activity_date as changed_at,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from named
    where attribute is not null

)

select * from renamed
