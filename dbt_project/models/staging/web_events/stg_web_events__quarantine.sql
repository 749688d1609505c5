{{ staged_quarantine('web_events') }}
