with spans as (

    select * from {{ ref('int_journey_spans') }}

),

journeys as (

    select * from {{ ref('fct_journeys') }}

),

-- Each span is read by its first and its last touch; and once more without direct visits, for models that skip them.
readings as (

    select false as is_direct_left_out, true as is_first
    union
    select false as is_direct_left_out, false as is_first
    union
    select skips_direct as is_direct_left_out, true as is_first
    from {{ ref('attribution_models') }}
    union
    select skips_direct as is_direct_left_out, false as is_first
    from {{ ref('attribution_models') }}

),

read as (

    select
        spans.journey_order,
        readings.is_direct_left_out,
        case
            when readings.is_first then 1
            when readings.is_direct_left_out then spans.non_direct_count
            else spans.touch_count
        end as touch_number,
        case
            when readings.is_direct_left_out and readings.is_first then spans.first_non_direct_order
            when readings.is_direct_left_out then spans.last_non_direct_order
            when readings.is_first then spans.first_touch_order
            else spans.last_touch_order
        end as touch_order
    from spans
    cross join readings

),

-- The touches that can hold a position, numbered within the journey.
holders as (

    select distinct journey_order, is_direct_left_out, touch_number, touch_order
    from read
    where touch_order is not null

),

holders_with_next as (

    select
        *,
        lead(touch_number) over (
            partition by journey_order, is_direct_left_out order by touch_number
        ) as next_touch_number,
        lead(touch_order) over (
            partition by journey_order, is_direct_left_out order by touch_number
        ) as next_touch_order
    from holders

),

kinds as (

    select false as is_between
    union all
    select true as is_between

),

-- What lies between two of them no model tells apart.
stretches as (

    select
        holders.journey_order,
        holders.is_direct_left_out,
        holders.touch_number + case when kinds.is_between then 1 else 0 end as from_touch_number,
        holders.touch_order + case when kinds.is_between then 1 else 0 end as from_touch_order,
        case when kinds.is_between then holders.next_touch_order - 1 else holders.touch_order end as to_touch_order
    from holders_with_next as holders
    inner join kinds on not kinds.is_between or holders.next_touch_number > holders.touch_number + 1
    union all
    select
        journey_order,
        false as is_direct_left_out,
        0 as from_touch_number,
        cast(null as bigint) as from_touch_order,
        cast(null as bigint) as to_touch_order
    from journeys

),

described as (

    select
        stretches.journey_order,
        journeys.conversion_order,
        journeys.scope_rank,
        journeys.journey_shape,
        stretches.is_direct_left_out,
        stretches.from_touch_number,
        stretches.from_touch_order,
        stretches.to_touch_order
    from stretches
    inner join journeys on stretches.journey_order = journeys.journey_order

)

select * from described
