with journeys as (

    select * from {{ ref('int_conversion_journeys') }}

),

-- As many touches up to each of the same ends, in the same order: every model shares their credit out in the same way.
described as (

    select
        journey_order,
        {{ joined_in_order(
            "ends_at || ' ' || cast(span_rank as " ~ dbt.type_string() ~ ") || ' ' || cast(touch_count as "
            ~ dbt.type_string() ~ ") || ' ' || cast(non_direct_count as " ~ dbt.type_string() ~ ")",
            ', ', 'ends_at'
        ) }} as shape
    from {{ ref('int_journey_spans') }}
    group by journey_order

),

shaped as (

    select
        journeys.journey_order,
        journeys.attribution_window,
        journeys.conversion_order,
        journeys.scope_rank,
        min(journeys.journey_order) over (partition by described.shape) as journey_shape
    from described
    inner join journeys on described.journey_order = journeys.journey_order

)

select * from shaped
