{{ unify('source_loads') }}
