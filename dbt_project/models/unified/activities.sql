{{ unify(
    'activities',
    leads=['lead_id'],
    accounts=['account_id'],
    campaigns=['campaign_id'],
    event_at='occurred_at',
    has_own_words=true,
) }}
