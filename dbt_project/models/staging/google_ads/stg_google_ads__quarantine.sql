{{ staged_quarantine('google_ads') }}
