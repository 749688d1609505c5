with spans as (

    select spans.*, journeys.journey_shape
    from {{ ref('int_journey_spans') }} as spans
    inner join {{ ref('fct_journeys') }} as journeys
        on spans.journey_order = journeys.journey_order and journeys.journey_order = journeys.journey_shape

),

read as (

    select journey_shape, ends_at, span_rank, false as is_direct_left_out, touch_count
    from spans
    union all
    select journey_shape, ends_at, span_rank, true as is_direct_left_out, non_direct_count as touch_count
    from spans

)

select * from read
