with gaps as (

    select gap, entity from {{ ref('data_gaps') }}

),

totals as (

    select
        entity,
        month_start_date,
        sum(record_count) as total_count
    from {{ ref('int_audited_records') }}
    group by entity, month_start_date

),

counted as (

    select
        gap,
        month_start_date,
        sum(affected_count) as affected_count,
        {{ exact_sum('value_at_stake_amount') }} as value_at_stake_amount
    from {{ ref('int_data_gap_findings') }}
    group by gap, month_start_date

),

monthly as (

    select
        gaps.gap,
        gaps.entity,
        totals.month_start_date,
        cast(coalesce(counted.affected_count, 0) as bigint) as affected_count,
        cast(totals.total_count as bigint) as total_count,
        coalesce(counted.affected_count, 0) / cast(nullif(totals.total_count, 0) as double) as affected_rate,
        counted.value_at_stake_amount
    from gaps
    inner join totals on gaps.entity = totals.entity
    left join counted
        on
            gaps.gap = counted.gap
            and coalesce(totals.month_start_date, date '0001-01-01')
            = coalesce(counted.month_start_date, date '0001-01-01')
    where totals.total_count > 0

)

select * from monthly
