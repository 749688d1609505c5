-- Only won deals are in the data set, and of each only the moment at which it was won.
select
    mql_id as opportunity_id,
    sr_id as owner_id,
    business_segment as product,
    'new' as opportunity_type,
    won_date as created_at,
    won_date as closed_at,
    true as is_closed,
    true as is_won,
    'won' as stage,
    -- A declared revenue of nought means that none was declared.
    nullif(declared_monthly_revenue, 0) as amount_local
from 'olist_closed_deals_dataset.csv'
