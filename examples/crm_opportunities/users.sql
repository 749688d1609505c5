select
    sales_agent as user_id,
    sales_agent as user_name,
    'sales' as team,
    regional_office as region
from 'sales_teams.csv'
