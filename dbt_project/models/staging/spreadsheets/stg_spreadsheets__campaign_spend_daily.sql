with offline_costs as (

    select * from {{ ref('stg_spreadsheets__offline_costs') }}

),

days as (

    select date_day from {{ days_from_to("date '1990-01-01'", "date '2099-12-31'") }} as spine

),

shares as (

    select
        offline_costs.*,
        days.date_day,
        row_number() over (
            partition by spend_campaign_id, first_day, last_day, item_key, currency order by date_day
        ) as day_number,
        count(*) over (partition by spend_campaign_id, first_day, last_day, item_key, currency) as day_count
    from offline_costs
    inner join days on days.date_day between offline_costs.first_day and offline_costs.last_day

),

-- Largest remainder: every day has the whole share, and the first ones a cent (an impression) more until none is left.
divided as (

    select
        spend_campaign_id,
        date_day,
        currency,
        {%- for amount in ['cost_cents', 'impressions'] %}
        sign({{ amount }}) * (
            floor(abs({{ amount }}) / day_count)
            + case when day_number <= abs({{ amount }}) % day_count then 1 else 0 end
        ) as {{ amount }},
        {%- endfor %}
        loaded_at,
        is_deleted
    from shares

),

renamed as (

    select
        spend_campaign_id as campaign_id,
        date_day as date,
        cast(sum(case when not is_deleted then impressions end) as bigint) as impressions,
        cast(null as bigint) as clicks,
        coalesce(sum(case when not is_deleted then cast(cost_cents as bigint) end), 0) / 100.0 as cost_amount_local,
        min(case when not is_deleted then currency end) as currency,
        cast(null as double) as platform_conversions,
        'spreadsheets' as source,
        max(loaded_at) as loaded_at,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from divided
    group by spend_campaign_id, date_day

)

select * from renamed
