{{ unify(
    'lead_stage_changes',
    leads=['lead_id'],
    stage_track='lead',
    event_at='changed_at',
    one_row_per=['lead_id', 'stage', 'changed_at'],
) }}
