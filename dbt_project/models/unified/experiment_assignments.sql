{{ unify('experiment_assignments', event_at='assigned_at') }}
