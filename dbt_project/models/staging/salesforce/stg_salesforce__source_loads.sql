{{ staged_loads('salesforce') }}
