{{ staged_loads('linkedin_ads') }}
