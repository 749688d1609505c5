-- Every record of the data set was qualified by marketing at its first contact.
select
    mql_id as lead_id,
    'mql' as stage,
    cast(first_contact_date as date) as changed_at
from 'olist_marketing_qualified_leads_dataset.csv'
