{{ staged_quarantine('meta_ads') }}
