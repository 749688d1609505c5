-- Deals that are still prospected for have no engage_date: nobody has noted when they were opened.
select
    opportunity_id,
    account as account_id,
    sales_agent as owner_id,
    product,
    'new' as opportunity_type,
    cast(engage_date as date) as created_at,
    cast(close_date as date) as closed_at,
    deal_stage = 'Won' as is_won,
    deal_stage in ('Won', 'Lost') as is_closed,
    close_value as amount_local,
    lower(deal_stage) as stage
from 'sales_pipeline.csv'
