with credits as (

    select
        *,
        {{ month_start('converted_date') }} as converted_month_start_date,
        {{ month_start('touched_date') }} as touched_month_start_date
    from {{ ref('fct_attributed_touches') }}

),

added_up as (

    select
        attribution_window,
        attribution_model,
        conversion_type,
        opportunity_type,
        conversion_number > 1 as is_repeat,
        channel,
        campaign_id,
        converted_month_start_date,
        touched_month_start_date,
        {{ exact_sum('credit', 12) }} as credit,
        {{ exact_sum('amount', 9) }} as amount,
        {{ exact_sum('margin_amount', 9) }} as margin_amount
    from credits
    group by
        attribution_window, attribution_model, conversion_type, opportunity_type, conversion_number > 1, channel,
        campaign_id, converted_month_start_date, touched_month_start_date

)

select * from added_up
