with opportunities as (

    select * from {{ ref('opportunities') }}
    where not is_deleted

),

leads as (

    select lead_id, account_id, created_at
    from {{ ref('leads') }}
    where not is_deleted

),

opportunity_contacts as (

    select * from {{ ref('opportunity_contacts') }}
    where not is_deleted

),

contacts_ranked as (

    select
        opportunity_contacts.opportunity_id,
        opportunity_contacts.lead_id,
        case when opportunity_contacts.is_primary then 'primary_contact' else 'earliest_contact' end as matched_by,
        row_number() over (
            partition by opportunity_contacts.opportunity_id
            order by
                case when opportunity_contacts.is_primary then 0 else 1 end,
                leads.created_at,
                leads.lead_id
        ) as contact_rank
    from opportunity_contacts
    inner join leads on opportunity_contacts.lead_id = leads.lead_id

),

leads_of_accounts_ranked as (

    select
        account_id,
        lead_id,
        row_number() over (partition by account_id order by created_at, lead_id) as lead_rank
    from leads
    where account_id is not null

),

matched as (

    select
        opportunities.opportunity_id,
        coalesce(contacts_ranked.lead_id, leads_of_accounts_ranked.lead_id) as lead_id,
        case
            when contacts_ranked.lead_id is not null then contacts_ranked.matched_by
            when leads_of_accounts_ranked.lead_id is not null then 'account'
            else 'none'
        end as matched_by
    from opportunities
    left join contacts_ranked
        on opportunities.opportunity_id = contacts_ranked.opportunity_id and contacts_ranked.contact_rank = 1
    left join leads_of_accounts_ranked
        on opportunities.account_id = leads_of_accounts_ranked.account_id and leads_of_accounts_ranked.lead_rank = 1

)

select * from matched
