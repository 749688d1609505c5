{{ staged_quarantine('salesforce') }}
