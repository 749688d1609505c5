{{ unify('campaigns') }}
