{{ unify('content') }}
