{{ staged_loads('google_ads') }}
