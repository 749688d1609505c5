with measures as (

    select
        month_start_date, measure, channel, campaign_id, persona, segment, product, country, amount, is_partly_unknown
    from {{ ref('int_kpi_conversion_measures') }}
    union all
    select
        month_start_date, measure, channel, campaign_id, persona, segment, product, country, amount, is_partly_unknown
    from {{ ref('int_kpi_cost_measures') }}
    union all
    select
        month_start_date, measure, channel, campaign_id, persona, segment, product, country, amount, is_partly_unknown
    from {{ ref('int_kpi_customer_measures') }}

)

select * from measures
