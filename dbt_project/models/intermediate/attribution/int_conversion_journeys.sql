with conversions as (

    select
        *,
        {{ standing_at('converted_at', 'converted_at_precision') }} as stands_at,
        {{ touched_until('converted_at', 'converted_at_precision') }} as touched_until
    from {{ ref('fct_conversions') }}

),

windows as (

    select * from {{ ref('attribution_windows') }}

),

-- What a customer buys later is owed to what happened since the purchase before.
earlier_closes as (

    select
        conversions.conversion_order,
        max(earlier.stands_at) as closed_at
    from conversions
    inner join conversions as earlier
        on
            conversions.account_id = earlier.account_id
            and earlier.conversion_type = 'won'
            and conversions.opportunity_id != earlier.opportunity_id
            and conversions.stands_at > earlier.stands_at
    where conversions.opportunity_type in ('expansion', 'renewal')
    group by conversions.conversion_order

),

journeys as (

    select
        row_number() over (order by conversions.conversion_order, windows.attribution_window) as journey_order,
        windows.attribution_window,
        conversions.conversion_order,
        -- Where nothing was bought before, the greatest is the look-back.
        greatest(
            {{ days_before('conversions.stands_at', 'windows.look_back_days') }}, earlier_closes.closed_at
        ) as begins_after,
        conversions.stands_at,
        conversions.touched_until,
        {{ scope_rank('windows.touch_scope') }} as scope_rank
    from conversions
    inner join windows on conversions.conversion_type = windows.conversion_type
    left join earlier_closes on conversions.conversion_order = earlier_closes.conversion_order

)

select * from journeys
