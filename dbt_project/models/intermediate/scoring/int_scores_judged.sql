select
    cast(null as string) as score_version,
    cast(null as string) as lead_id,
    cast(null as date) as scored_date,
    cast(null as date) as month_start_date,
    cast(null as string) as account_id,
    cast(null as double) as score,
    cast(null as double) as probability,
    cast(null as boolean) as is_reached,
    cast(null as string) as split
where false
