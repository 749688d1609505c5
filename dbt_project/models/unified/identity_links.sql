{{ unify(
    'identity_links',
    leads=['lead_id'],
    event_at='linked_at',
    one_row_per=['visitor_id', 'lead_id'],
) }}
