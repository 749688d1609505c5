{{ staged_quarantine('google_analytics') }}
