-- The data have days and no year: 2020 is taken. No currency is stated, so amounts are in the reporting currency.
select
    concat_ws('/', campaign_number, nullif(placement, '#N/A')) as campaign_id,
    strptime('2020 ' || month || ' ' || day, '%Y %B %d')::date as date,
    sum(displays) as impressions,
    sum(clicks) as clicks,
    sum(cost) as cost_amount_local,
    sum(post_click_conversions) as platform_conversions
from 'online_advertising_performance_data.csv'
group by all
