{{ unify(
    'consents',
    leads=['lead_id'],
    event_at='changed_at',
    one_row_per=['lead_id', 'purpose', 'changed_at'],
) }}
