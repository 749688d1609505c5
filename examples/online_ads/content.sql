-- The banners, by their size.
select distinct
    banner as content_id,
    banner as content_name,
    'ad' as content_type,
    'awareness' as funnel_phase
from 'online_advertising_performance_data.csv'
