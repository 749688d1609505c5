-- One row per event. Of several events of a case in the same instant each stands a microsecond after the one before, so
-- that they keep the order of the log.
with events as (

    select
        *,
        row_number() over () as line
    from 'event_log.csv'

)

select
    case_id as lead_id,
    stage,
    event_at + to_microseconds(row_number() over (partition by case_id, event_at order by line) - 1) as changed_at,
    handled_by as changed_by
from events
