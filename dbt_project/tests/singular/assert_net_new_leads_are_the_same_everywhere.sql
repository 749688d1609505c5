-- Fails if the KPIs count other net new leads in a month than the leads themselves say.
{{ config(meta={'dagster': {'ref': {'name': 'dim_leads'}}}) }}

with counted as (

    select month_start_date, sum(amount) as lead_count
    from {{ ref('int_kpi_measures') }}
    where measure = 'net_new_leads'
    group by month_start_date

),

leads as (

    select created_month_start_date as month_start_date, count(*) as lead_count
    from {{ ref('dim_leads') }}
    where is_net_new
    group by created_month_start_date

)

select
    leads.month_start_date,
    leads.lead_count,
    counted.month_start_date as counted_month_start_date,
    counted.lead_count as counted_lead_count
from leads
full outer join counted on leads.month_start_date = counted.month_start_date
where coalesce(leads.lead_count, 0) != coalesce(counted.lead_count, 0)
