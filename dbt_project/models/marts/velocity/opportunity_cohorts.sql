{#- Days within which a deal is won: those of the design (§6, close rate at 30, 90 and 180 days). -#}
{%- set closing_horizons = [30, 90, 180] -%}

{{ config(materialized='table_macro', parameters=filter_parameters({'by_month': 'false'})) }}

with opportunities as (

    select
        opportunities.*,
        case when by_month then date_trunc('month', opportunities.created_date)::date end as month_start_date,
        {{ days_between('opportunities.created_at', 'build.as_of') }} as age_days,
        -- A deal that was won nobody knows when is not known to have been won in time, nor not to.
        opportunities.is_won and opportunities.closed_at is null as is_won_undated,
        {{ dimension_value('opportunities', {
            'month': "date_trunc('month', opportunities.created_date)::date",
            'owner': 'opportunities.owner_id',
            'type': 'opportunities.opportunity_type',
        }) }} as dimension_value
    from {{ ref('fct_opportunities') }} as opportunities
    cross join {{ ref('dim_build') }} as build
    where {{ is_in_period('opportunities.created_date') }} and {{ passes_filters('opportunities') }}

),

counted as (

    select
        dimension_value,
        month_start_date,
        {%- for days in closing_horizons %}
        count(*) filter (where age_days >= {{ days }} and not is_won_undated) as mature_{{ days }}_count,
        count(*) filter (where age_days >= {{ days }} and is_won and cycle_days <= {{ days }}) as won_{{ days }}_count,
        {%- endfor %}
        count(*) as created_count,
        count(*) filter (where is_won) as won_count,
        count(*) filter (where is_closed and not is_won) as lost_count,
        count(*) filter (where not is_closed) as open_count,
        sum(pipeline_amount) as pipeline_amount,
        sum(won_amount) filter (where is_won) as won_amount,
        avg(won_amount) filter (where is_won) as mean_won_amount
    from opportunities
    group by dimension_value, month_start_date

)

select
    dimension_value,
    month_start_date,
    created_count,
    won_count,
    lost_count,
    open_count,
    pipeline_amount,
    won_amount,
    mean_won_amount,
    won_count / nullif(won_count + lost_count, 0) as win_rate,
    {{ wilson_lower('won_count', '(won_count + lost_count)') }} as win_rate_lower,
    {{ wilson_upper('won_count', '(won_count + lost_count)') }} as win_rate_upper,
    {%- for days in closing_horizons %}
    mature_{{ days }}_count,
    won_{{ days }}_count,
    won_{{ days }}_count / nullif(mature_{{ days }}_count, 0) as won_{{ days }}_rate,
    {{ wilson_lower('won_' ~ days ~ '_count', 'mature_' ~ days ~ '_count') }} as won_{{ days }}_rate_lower,
    {{ wilson_upper('won_' ~ days ~ '_count', 'mature_' ~ days ~ '_count') }} as won_{{ days }}_rate_upper,
    {%- endfor %}
    mature_{{ closing_horizons | max }}_count / nullif(created_count, 0) as maturity_rate
from counted
order by dimension_value, month_start_date
