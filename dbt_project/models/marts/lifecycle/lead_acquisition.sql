{{ config(materialized='table_macro', parameters=filter_parameters({'within_days': 'cast(null as int)'})) }}

with build as (

    select
        as_of,
        as_of_date,
        least_group_count,
        coalesce(within_days, conversion_horizon_days) as horizon_days
    from {{ ref('dim_build') }}

),

qualified as (

    select arrivals.lead_id, arrivals.arrived_at as qualified_at
    from {{ ref('fct_first_arrivals') }} as arrivals
    where
        arrivals.stage_order = (
            select min(stages.stage_order) from {{ ref('dim_stages') }} as stages
            where stages.stage_role = 'marketing_qualified'
        )

),

acquired as (

    select
        leads.created_month_start_date as month_start_date,
        {{ dimension_value('leads', {'source': 'leads.lead_source', 'country': 'leads.country'}) }} as dimension_value,
        leads.is_net_new,
        leads.is_internal,
        leads.duplicate_count,
        leads.is_in_icp,
        qualified.lead_id is not null as is_qualified,
        {{ days_between('leads.created_at', 'build.as_of') }} >= build.horizon_days as is_mature,
        {{ days_between('leads.created_at', 'qualified.qualified_at') }} <= build.horizon_days as is_qualified_in_time
    from {{ ref('dim_leads') }} as leads
    cross join build
    left join qualified on leads.lead_id = qualified.lead_id
    where {{ is_in_period('leads.created_date') }} and {{ passes_filters('leads') }}

),

counted as (

    select
        dimension_value,
        month_start_date,
        count(*) as lead_count,
        count(*) filter (where is_net_new) as net_new_count,
        count(*) filter (where is_internal) as internal_count,
        sum(duplicate_count)::bigint as duplicate_count,
        count(is_in_icp) as judged_count,
        count(*) filter (where is_in_icp) as icp_count,
        count(*) filter (where is_qualified) as qualified_count,
        count(*) filter (where is_mature) as mature_count,
        count(*) filter (where is_mature and is_qualified_in_time) as mature_qualified_count
    from acquired
    group by dimension_value, month_start_date

),

judged as (

    select
        counted.*,
        build.horizon_days as within_days,
        counted.month_start_date = date_trunc('month', build.as_of_date)::date as is_partial_period,
        case when counted.mature_count >= build.least_group_count then counted.mature_count end as rated_count
    from counted
    cross join build

)

select
    dimension_value,
    month_start_date,
    is_partial_period,
    lead_count,
    net_new_count,
    internal_count,
    duplicate_count,
    judged_count,
    icp_count,
    icp_count / nullif(judged_count, 0) as icp_rate,
    qualified_count,
    judged.within_days,
    mature_count,
    mature_qualified_count,
    mature_qualified_count / rated_count as qualified_rate,
    {{ wilson_lower('mature_qualified_count', 'rated_count') }} as qualified_rate_lower,
    {{ wilson_upper('mature_qualified_count', 'rated_count') }} as qualified_rate_upper
from judged
order by dimension_value, month_start_date
