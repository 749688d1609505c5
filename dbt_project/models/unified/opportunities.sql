{{ unify(
    'opportunities',
    accounts=['account_id'],
    stage_track='opportunity',
    mapped=['product', 'lost_reason'],
    event_at='created_at',
) }}
