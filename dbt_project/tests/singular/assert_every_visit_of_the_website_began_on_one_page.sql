-- Fails if the visits of a month, over all landing pages, are not the touches of the website in that month.
{{ config(meta={'dagster': {'ref': {'name': 'fct_landing_page_performance'}}}) }}

with visits as (

    select touches.month_start_date, count(*) as visit_count
    from {{ ref('fct_touches') }} as touches
    inner join {{ ref('activity_types') }} as activity_types on touches.activity_type = activity_types.activity_type
    where activity_types.is_web
    group by touches.month_start_date

),

pages as (

    select month_start_date, sum(session_count) as session_count
    from {{ ref('fct_landing_page_performance') }}
    group by month_start_date

)

select
    coalesce(visits.month_start_date, pages.month_start_date) as month_start_date,
    visits.visit_count,
    pages.session_count
from visits
full outer join pages on visits.month_start_date = pages.month_start_date
where coalesce(visits.visit_count, 0) != coalesce(pages.session_count, 0)
