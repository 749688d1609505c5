with models as (

    select * from {{ ref('attribution_models') }}

),

spans as (

    select * from {{ ref('int_journey_spans') }}

),

-- The span that the model looks at: up to its milestone where the journey has it, else up to the conversion.
journeys as (

    select * from spans
    where ends_at = 'conversion'

),

spans_of_models as (

    select
        models.attribution_model,
        models.half_life_days,
        journeys.attribution_window,
        journeys.conversion_id,
        journeys.touch_count as journey_touch_count,
        journeys.begins_after,
        journeys.scope_rank,
        coalesce(spans.touched_until, journeys.touched_until) as touched_until,
        models.skips_direct and coalesce(spans.non_direct_count, journeys.non_direct_count) > 0 as leaves_direct_out,
        coalesce(spans.ends_at, journeys.ends_at) as ends_at
    from models
    cross join journeys
    left join spans
        on
            models.window_ends_at = spans.ends_at
            and journeys.attribution_window = spans.attribution_window
            and journeys.conversion_id = spans.conversion_id

),

counted as (

    select
        spans_of_models.*,
        case when spans_of_models.leaves_direct_out then spans.non_direct_count else spans.touch_count end
            as touch_count,
        case when spans_of_models.leaves_direct_out then spans.first_non_direct_order else spans.first_touch_order end
            as first_touch_order,
        case when spans_of_models.leaves_direct_out then spans.last_non_direct_order else spans.last_touch_order end
            as last_touch_order
    from spans_of_models
    inner join spans
        on
            spans_of_models.attribution_window = spans.attribution_window
            and spans_of_models.conversion_id = spans.conversion_id
            and spans_of_models.ends_at = spans.ends_at

)

select * from counted
