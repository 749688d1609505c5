select
    mql_id as opportunity_id,
    mql_id as lead_id,
    true as is_primary
from 'olist_closed_deals_dataset.csv'
