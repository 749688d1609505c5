{{ unify('fx_rates_daily', event_at='date') }}
