with leads as (

    {{ latest_versions('raw_salesforce', 'leads', ['id']) }}

),

contacts as (

    {{ latest_versions('raw_salesforce', 'contacts', ['id']) }}

),

accounts as (

    {{ latest_versions('raw_salesforce', 'accounts', ['id']) }}

),

people as (

    select
        'salesforce:' || id as lead_id,
        name as full_name,
        email,
        phone,
        company as company_name,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from leads
    union all
    select
        'salesforce:' || contacts.id as lead_id,
        contacts.name as full_name,
        contacts.email,
        contacts.phone,
        accounts.name as company_name,
        'salesforce' as source,
        contacts._loaded_at as loaded_at,
        contacts._is_deleted as is_deleted
    from contacts
    left join accounts on contacts.account_id = accounts.id

)

select * from people
