{{ config(materialized='table_macro', parameters=filter_parameters()) }}

-- A closed deal without the day of its close stands neither among the open nor among the closed of any month.
with opportunities as (

    select
        opportunities.*,
        date_trunc('month', opportunities.created_date)::date as created_month_start_date,
        {{ dimension_value('opportunities', {
            'owner': 'opportunities.owner_id',
            'type': 'opportunities.opportunity_type',
        }) }} as dimension_value
    from {{ ref('fct_opportunities') }} as opportunities
    where
        (not opportunities.is_closed or opportunities.closed_date is not null)
        and {{ passes_filters('opportunities') }}

),

months as (

    select
        month_start_date,
        max(date_day) as last_day,
        bool_or(is_today) as is_partial_period
    from {{ ref('dim_dates') }}
    where date_day <= (select today.date_day from {{ ref('dim_dates') }} as today where today.is_today)
    group by month_start_date

),

-- A month that lies in the period in part is shown as a whole.
months_chosen as (

    select * from months
    where
        (from_date is null or last_day >= from_date)
        and (to_date is null or month_start_date <= to_date)
        and month_start_date >= (select min(opportunities.created_month_start_date) from opportunities)

),

followed as (

    select
        opportunities.*,
        months_chosen.month_start_date,
        months_chosen.last_day,
        months_chosen.is_partial_period,
        build.velocity_window_days,
        build.least_closed_count,
        opportunities.created_date <= months_chosen.last_day
        and (not opportunities.is_closed or opportunities.closed_date > months_chosen.last_day) as is_open_then,
        opportunities.closed_date <= months_chosen.last_day
        and opportunities.closed_date > months_chosen.last_day - build.velocity_window_days as is_closed_in_window,
        opportunities.created_month_start_date = months_chosen.month_start_date as is_created_in_month
    from opportunities
    cross join months_chosen
    cross join {{ ref('dim_build') }} as build

),

counted as (

    select
        dimension_value,
        month_start_date,
        last_day,
        is_partial_period,
        velocity_window_days,
        least_closed_count,
        count(*) filter (where is_open_then) as open_count,
        sum(pipeline_amount) filter (where is_open_then) as open_pipeline_amount,
        count(*) filter (where is_closed_in_window and is_won) as won_count,
        count(*) filter (where is_closed_in_window and not is_won) as lost_count,
        avg(won_amount) filter (where is_closed_in_window and is_won) as mean_won_amount,
        avg(cycle_days) filter (where is_closed_in_window and is_won) as mean_won_cycle_days,
        count(*) filter (where is_created_in_month) as cohort_created_count,
        count(*) filter (where is_created_in_month and is_won) as cohort_won_count
    from followed
    group by
        dimension_value, month_start_date, last_day, is_partial_period, velocity_window_days, least_closed_count

),

-- Over few closed deals a rate says nothing.
rated as (

    select
        * exclude (least_closed_count, mean_won_amount, mean_won_cycle_days),
        case when won_count + lost_count >= least_closed_count then won_count / nullif(won_count + lost_count, 0) end
            as win_rate,
        case when won_count + lost_count >= least_closed_count then mean_won_amount end as mean_won_amount,
        case when won_count + lost_count >= least_closed_count then mean_won_cycle_days end as mean_won_cycle_days
    from counted

)

select
    dimension_value,
    month_start_date,
    last_day,
    is_partial_period,
    open_count,
    open_pipeline_amount,
    velocity_window_days,
    won_count,
    lost_count,
    win_rate,
    case when win_rate is not null then {{ wilson_lower('won_count', '(won_count + lost_count)') }} end
        as win_rate_lower,
    case when win_rate is not null then {{ wilson_upper('won_count', '(won_count + lost_count)') }} end
        as win_rate_upper,
    mean_won_amount,
    mean_won_cycle_days,
    case
        when mean_won_cycle_days > 0 then open_count * win_rate * mean_won_amount / mean_won_cycle_days
    end as velocity_per_day,
    cohort_created_count,
    cohort_won_count,
    cohort_won_count / nullif(cohort_created_count, 0) as cohort_win_rate
from rated
order by dimension_value, month_start_date
