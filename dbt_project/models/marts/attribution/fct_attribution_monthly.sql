with credits as (

    select credits.*
    from {{ ref('int_credits_monthly') }} as credits
    inner join {{ ref('attribution_windows') }} as windows
        on
            credits.attribution_window = windows.attribution_window
            and credits.conversion_type = windows.conversion_type
            and windows.is_headline

),

-- What a month's conversions owe to whom, and what a month's touches have brought so far; nobody's touch has no month.
dated as (

    select 'conversion' as date_basis, converted_month_start_date as month_start_date, credits.*
    from credits
    union all
    select 'touch' as date_basis, touched_month_start_date as month_start_date, credits.*
    from credits

),

added_up as (

    select
        month_start_date,
        date_basis,
        conversion_type,
        opportunity_type,
        is_repeat,
        attribution_model,
        channel,
        campaign_id,
        {{ exact_sum('credit', 12) }} as credit,
        {{ exact_sum('amount', 9) }} as amount,
        -- What is partly unknown is unknown.
        case when count(*) = count(margin_amount) then {{ exact_sum('margin_amount', 9) }} end as margin_amount
    from dated
    group by
        month_start_date, date_basis, conversion_type, opportunity_type, is_repeat, attribution_model, channel,
        campaign_id

)

select * from added_up
