{{ unify(
    'opportunity_stage_changes',
    stage_track='opportunity',
    event_at='changed_at',
    one_row_per=['opportunity_id', 'stage', 'changed_at'],
) }}
