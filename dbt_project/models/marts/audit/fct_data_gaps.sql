with gaps as (

    select * from {{ ref('data_gaps') }}

),

months as (

    select * from {{ ref('fct_data_gaps_monthly') }}

),

build as (

    select
        {{ month_start(local_date(as_of())) }} as this_month_start_date,
        {{ add_months(month_start(local_date(as_of())), '-' ~ setting('gap_trend_months', 'int')) }} as recent_from_date

),

-- The present month is not over: what is entered late would make it look worse than it is.
months_dated as (

    select
        months.*,
        months.month_start_date >= build.recent_from_date
        and months.month_start_date < build.this_month_start_date as is_recent,
        months.month_start_date < build.recent_from_date as is_earlier
    from months
    cross join build

),

counted as (

    select
        gap,
        cast(sum(affected_count) as bigint) as affected_count,
        cast(sum(total_count) as bigint) as total_count,
        {{ exact_sum('value_at_stake_amount') }} as value_at_stake_amount,
        sum(case when is_recent then affected_count end) as recent_affected_count,
        sum(case when is_recent then total_count end) as recent_total_count,
        sum(case when is_earlier then affected_count end) as earlier_affected_count,
        sum(case when is_earlier then total_count end) as earlier_total_count
    from months_dated
    group by gap

),

-- Whether the two shares lie further apart than chance alone would bring in 95 % of cases (two proportions, pooled).
compared as (

    select
        gap,
        recent_affected_count / cast(nullif(recent_total_count, 0) as double) as recent_affected_rate,
        earlier_affected_count / cast(nullif(earlier_total_count, 0) as double) as earlier_affected_rate,
        (recent_affected_count + earlier_affected_count)
        / cast(nullif(recent_total_count + earlier_total_count, 0) as double) as pooled_rate,
        1.0 / nullif(recent_total_count, 0) + 1.0 / nullif(earlier_total_count, 0) as spread
    from counted

),

findings as (

    select
        gap,
        entity_id,
        sum(affected_count) as affected_count,
        {{ exact_sum('value_at_stake_amount') }} as value_at_stake_amount
    from {{ ref('int_data_gap_findings') }}
    group by gap, entity_id

),

-- The examples are those that count for most.
numbered as (

    select
        gap,
        entity_id,
        row_number() over (
            partition by gap
            order by value_at_stake_amount desc nulls last, affected_count desc, entity_id asc
        ) as finding_number
    from findings

),

examples as (

    select
        gap,
        {{ joined_text('entity_id', 'finding_number') }} as example_ids
    from numbered
    where finding_number <= 5
    group by gap

),

described as (

    select
        gaps.gap,
        gaps.entity,
        gaps.severity,
        gaps.description,
        gaps.recommended_action,
        coalesce(counted.affected_count, 0) as affected_count,
        coalesce(counted.total_count, 0) as total_count,
        counted.affected_count / cast(nullif(counted.total_count, 0) as double) as affected_rate,
        counted.value_at_stake_amount,
        compared.recent_affected_rate,
        cast(coalesce(counted.recent_total_count, 0) as bigint) as recent_total_count,
        compared.earlier_affected_rate,
        cast(coalesce(counted.earlier_total_count, 0) as bigint) as earlier_total_count,
        coalesce(
            abs(compared.recent_affected_rate - compared.earlier_affected_rate)
            > {{ normal_quantile() }} * sqrt(compared.pooled_rate * (1 - compared.pooled_rate) * compared.spread),
            false
        ) as has_changed,
        examples.example_ids
    from gaps
    left join counted on gaps.gap = counted.gap
    left join compared on gaps.gap = compared.gap
    left join examples on gaps.gap = examples.gap

)

select * from described
