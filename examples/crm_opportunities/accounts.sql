select
    account as account_id,
    account as account_name,
    sector as industry,
    employees as employee_count,
    revenue * 1000000 as annual_revenue_amount,  -- the data dictionary gives millions of US dollars
    office_location as country
from 'accounts.csv'
