{{ unify('campaign_spend_daily', event_at='date') }}
