{{ unify('campaign_spend_daily', campaigns=['campaign_id'], event_at='date') }}
