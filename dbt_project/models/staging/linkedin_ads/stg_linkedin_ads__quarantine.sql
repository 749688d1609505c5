{{ staged_quarantine('linkedin_ads') }}
