with scores as (

    select
        score_version,
        month_start_date,
        lead_id,
        {{ comparable_score('score') }} as score,
        probability,
        is_reached
    from {{ ref('int_scores_judged') }}

),

months as (

    select
        score_version,
        month_start_date,
        count(*) > count(is_reached) as is_partial_period
    from scores
    group by score_version, month_start_date

),

ranked as (

    select
        *,
        11 - ntile(10) over (partition by score_version, month_start_date order by score desc, lead_id asc) as decile
    from scores
    where is_reached is not null

),

counted as (

    select
        score_version,
        month_start_date,
        decile,
        count(*) as lead_count,
        count(case when is_reached then 1 end) as reached_count,
        min(score) as lowest_score,
        max(score) as highest_score,
        {{ exact_sum('probability', 12) }} / count(probability) as mean_probability
    from ranked
    group by score_version, month_start_date, decile

),

summed as (

    select
        *,
        cast(sum(lead_count) over (partition by score_version, month_start_date) as double) as month_lead_count,
        cast(sum(reached_count) over (partition by score_version, month_start_date) as double) as month_reached_count,
        sum(reached_count) over (
            partition by score_version, month_start_date
            order by decile desc
            rows between unbounded preceding and current row
        ) as reached_count_so_far
    from counted

),

rated as (

    select
        summed.score_version,
        summed.month_start_date,
        cast(summed.decile as int) as decile,
        summed.lead_count,
        summed.reached_count,
        summed.reached_count / cast(summed.lead_count as double) as reached_rate,
        summed.lowest_score,
        summed.highest_score,
        summed.mean_probability,
        summed.reached_count * summed.month_lead_count
        / nullif(summed.lead_count * summed.month_reached_count, 0.0) as lift,
        summed.reached_count_so_far / nullif(summed.month_reached_count, 0.0) as cumulative_reached_share,
        months.is_partial_period
    from summed
    inner join months
        on summed.score_version = months.score_version and summed.month_start_date = months.month_start_date

)

select * from rated
