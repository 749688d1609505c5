with credits as (

    select * from {{ ref('fct_attributed_touches') }}

),

headline_windows as (

    select attribution_window, conversion_type from {{ ref('attribution_windows') }}
    where is_headline

),

-- What a month's conversions owe to whom, and what a month's touches have brought so far; nobody's touch has no day.
dated as (

    select 'conversion' as date_basis, {{ month_start('converted_date') }} as month_start_date, credits.*
    from credits
    inner join headline_windows
        on
            credits.attribution_window = headline_windows.attribution_window
            and credits.conversion_type = headline_windows.conversion_type
    union all
    select 'touch' as date_basis, {{ month_start('touched_date') }} as month_start_date, credits.*
    from credits
    inner join headline_windows
        on
            credits.attribution_window = headline_windows.attribution_window
            and credits.conversion_type = headline_windows.conversion_type

),

added_up as (

    select
        month_start_date,
        date_basis,
        conversion_type,
        opportunity_type,
        conversion_number > 1 as is_repeat,
        attribution_model,
        channel,
        campaign_id,
        {{ exact_sum('credit', 12) }} as credit,
        {{ exact_sum('amount', 9) }} as amount
    from dated
    group by
        month_start_date, date_basis, conversion_type, opportunity_type, conversion_number > 1, attribution_model,
        channel, campaign_id

)

select * from added_up
