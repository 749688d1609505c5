with credits as (

    select credits.*
    from {{ ref('fct_attributed_touches') }} as credits
    inner join {{ ref('attribution_windows') }} as windows
        on
            credits.attribution_window = windows.attribution_window
            and credits.conversion_type = windows.conversion_type
            and windows.is_headline
    where credits.conversion_type = 'won'

),

contents as (

    select
        touch_id,
        content_id,
        count(*) over (partition by touch_id) as content_count
    from {{ ref('fct_touch_contents') }}

),

-- Nobody knows what of a visit convinced: all that it met shares its credit alike.
shared as (

    select
        credits.attribution_model,
        {{ month_start('credits.converted_date') }} as converted_month_start_date,
        {{ month_start('credits.touched_date') }} as touched_month_start_date,
        case
            when credits.touch_id is null then 'unattributed'
            else coalesce(contents.content_id, '(none)')
        end as content_id,
        credits.credit / coalesce(contents.content_count, 1) as credit,
        credits.amount / coalesce(contents.content_count, 1) as amount,
        credits.margin_amount / coalesce(contents.content_count, 1) as margin_amount
    from credits
    left join contents on credits.touch_id = contents.touch_id

),

dated as (

    select 'conversion' as date_basis, converted_month_start_date as month_start_date, shared.*
    from shared
    union all
    select 'touch' as date_basis, touched_month_start_date as month_start_date, shared.*
    from shared

),

added_up as (

    select
        month_start_date,
        date_basis,
        attribution_model,
        content_id,
        {{ exact_sum('credit', 12) }} as credit,
        {{ exact_sum('amount', 9) }} as amount,
        -- What is partly unknown is unknown.
        case when count(*) = count(margin_amount) then {{ exact_sum('margin_amount', 9) }} end as margin_amount
    from dated
    group by month_start_date, date_basis, attribution_model, content_id

)

select * from added_up
