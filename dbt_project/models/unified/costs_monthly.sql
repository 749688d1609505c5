{{ unify('costs_monthly', event_at='month_start_date') }}
