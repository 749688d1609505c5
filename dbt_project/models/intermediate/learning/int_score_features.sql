select
    cast(null as string) as lead_id,
    cast(null as date) as scored_date,
    cast(null as string) as feature,
    cast(null as string) as text_value,
    cast(null as double) as number_value
where false
