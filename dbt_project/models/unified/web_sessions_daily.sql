{{ unify('web_sessions_daily', event_at='date') }}
