{{ staged_quarantine('spreadsheets') }}
