select
    cast(null as string) as lead_id,
    cast(null as date) as scored_date,
    cast(null as date) as month_start_date,
    cast(null as boolean) as is_today
where false
