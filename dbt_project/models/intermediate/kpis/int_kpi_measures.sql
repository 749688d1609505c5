with measures as (

    select * from {{ ref('int_kpi_conversion_measures') }}
    union all
    select * from {{ ref('int_kpi_cost_measures') }}
    union all
    select * from {{ ref('int_kpi_customer_measures') }}

)

select * from measures
