{{ staged_loads('marketo') }}
