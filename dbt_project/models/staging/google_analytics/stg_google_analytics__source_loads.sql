{{ staged_loads('google_analytics') }}
