{{ staged_quarantine('marketo') }}
