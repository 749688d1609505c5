{{ staged_loads('files') }}
