{{ unify('users') }}
