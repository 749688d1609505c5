with touches as (

    select * from {{ ref('int_conversion_touches') }}

),

touch_kinds as (

    select * from {{ ref('fct_touch_kinds') }}

),

credited_stretches as (

    select distinct stretch, journey_shape, is_direct_left_out, from_touch_number
    from {{ ref('fct_stretch_credits') }}

),

stretches as (

    select stretches.*, credited_stretches.stretch
    from {{ ref('int_journey_stretches') }} as stretches
    inner join credited_stretches
        on
            stretches.journey_shape = credited_stretches.journey_shape
            and stretches.is_direct_left_out = credited_stretches.is_direct_left_out
            and stretches.from_touch_number = credited_stretches.from_touch_number

),

-- Where a model gives nobody anything, there is no touch.
placed as (

    select
        stretches.journey_order,
        touches.touch_order,
        touch_kinds.touch_kind,
        touches.age_days,
        stretches.stretch
    from stretches
    left join touches
        on
            stretches.conversion_order = touches.conversion_order
            and touches.touch_order between stretches.from_touch_order and stretches.to_touch_order
            and stretches.scope_rank >= touches.scope_rank
            and not (stretches.is_direct_left_out and touches.is_direct)
    left join touch_kinds
        on
            touches.touch_source = touch_kinds.touch_source
            and {{ month_start('touches.touched_date') }} = touch_kinds.month_start_date

)

select * from placed
