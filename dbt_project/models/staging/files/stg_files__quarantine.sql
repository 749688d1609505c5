{{ staged_quarantine('files') }}
