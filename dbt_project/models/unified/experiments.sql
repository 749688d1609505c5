{{ unify('experiments') }}
