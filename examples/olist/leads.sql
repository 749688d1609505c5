-- One row per seller who asked to join; the day of the first contact is all that is known of its time.
select
    mql_id as lead_id,
    cast(first_contact_date as date) as created_at,
    nullif(origin, '') as lead_source
from 'olist_marketing_qualified_leads_dataset.csv'
