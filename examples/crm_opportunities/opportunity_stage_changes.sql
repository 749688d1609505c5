-- The data set has no history, but two of its dates are changes of stage.
select opportunity_id, 'engaging' as stage, cast(engage_date as date) as changed_at
from 'sales_pipeline.csv'
where engage_date is not null
union all
select opportunity_id, lower(deal_stage) as stage, cast(close_date as date) as changed_at
from 'sales_pipeline.csv'
where close_date is not null
