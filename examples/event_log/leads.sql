-- One row per case; it begins with its first event.
select
    case_id as lead_id,
    min(event_at) as created_at
from 'event_log.csv'
group by case_id
