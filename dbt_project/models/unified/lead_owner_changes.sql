{{ unify(
    'lead_owner_changes',
    leads=['lead_id'],
    event_at='changed_at',
    one_row_per=['lead_id', 'changed_at', 'owner_id'],
) }}
