{{ staged_loads('spreadsheets') }}
