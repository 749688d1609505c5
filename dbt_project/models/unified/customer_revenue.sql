{{ unify('customer_revenue', accounts=['account_id'], event_at='revenue_date') }}
