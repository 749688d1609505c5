{{ staged_loads('meta_ads') }}
