with emails as (

    {{ latest_versions('raw_hubspot', 'contact_emails', ['contact_id', 'email']) }}

),

contacts as (

    {{ latest_versions('raw_hubspot', 'contacts', ['id']) }}

),

-- An address whose contact was deleted may have a new contact: the living one has it.
ranked as (

    select
        emails.email,
        'hubspot:' || emails.contact_id as lead_id,
        row_number() over (
            partition by emails.email order by contacts._is_deleted, emails._is_deleted, emails.contact_id
        ) as address_rank
    from emails
    inner join contacts on emails.contact_id = contacts.id

),

renamed as (

    select
        email,
        lead_id
    from ranked
    where address_rank = 1

)

select * from renamed
