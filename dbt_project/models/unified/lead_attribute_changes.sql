{{ unify(
    'lead_attribute_changes',
    leads=['lead_id'],
    event_at='changed_at',
    one_row_per=['lead_id', 'attribute', 'changed_at'],
) }}
