{{ staged_loads('web_events') }}
