with credits as (

    select * from {{ ref('int_channel_credits') }}

),

conversions as (

    select conversion_type, count(*) as conversion_count
    from {{ ref('fct_conversions') }}
    group by conversion_type

),

fitted as (

    select
        credits.conversion_type,
        credits.attribution_model,
        credits.channel,
        credits.credit,
        credits.amount,
        credits.credit_share,
        credits.lower_credit,
        credits.upper_credit,
        credits.journey_count,
        credits.converted_count,
        credits.converted_count / cast(conversions.conversion_count as double) as coverage_rate,
        cast({{ as_of() }} as timestamp) as fitted_at,
        credits.refusal
    from credits
    inner join conversions on credits.conversion_type = conversions.conversion_type

)

select * from fitted
