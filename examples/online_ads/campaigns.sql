-- What a campaign ran on one placement is an ad group of it; where none is told (#N/A) it stays with the campaign.
select distinct
    campaign_number as campaign_id,
    campaign_number as campaign_name,
    'Ad server' as platform,
    null as parent_campaign_id,
    false as is_ad_group
from 'online_advertising_performance_data.csv'
union all
select distinct
    campaign_number || '/' || placement,
    placement,
    'Ad server',
    campaign_number,
    true
from 'online_advertising_performance_data.csv'
where placement != '#N/A'
