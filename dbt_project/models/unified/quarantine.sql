{{ unify('quarantine') }}
