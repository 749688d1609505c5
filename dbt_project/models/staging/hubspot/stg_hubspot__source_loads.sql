{{ staged_loads('hubspot') }}
