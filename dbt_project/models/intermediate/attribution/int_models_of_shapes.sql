with models as (

    select
        *,
        row_number() over (order by model_order, attribution_model) as model_number
    from {{ ref('attribution_models') }}

),

spans as (

    select * from {{ ref('int_shape_spans') }}

),

whole_spans as (

    select * from spans
    where not is_direct_left_out

),

conversion_spans as (

    select * from whole_spans
    where ends_at = 'conversion'

),

-- The span that the model looks at: up to its milestone where the journey has it, else up to the conversion.
spans_of_models as (

    select
        conversion_spans.journey_shape,
        models.attribution_model,
        models.model_number,
        models.half_life_days,
        models.skips_direct,
        conversion_spans.touch_count as journey_touch_count,
        coalesce(whole_spans.ends_at, conversion_spans.ends_at) as ends_at
    from models
    cross join conversion_spans
    left join whole_spans
        on models.window_ends_at = whole_spans.ends_at and conversion_spans.journey_shape = whole_spans.journey_shape

),

-- A direct visit counts for a model that skips them only where its span has nothing else.
counted as (

    select
        spans_of_models.journey_shape,
        spans_of_models.attribution_model,
        spans_of_models.model_number,
        spans_of_models.half_life_days,
        spans_of_models.journey_touch_count,
        spans.span_rank,
        spans.is_direct_left_out,
        spans.touch_count
    from spans_of_models
    inner join spans as others
        on
            spans_of_models.journey_shape = others.journey_shape
            and spans_of_models.ends_at = others.ends_at
            and others.is_direct_left_out
    inner join spans
        on
            spans_of_models.journey_shape = spans.journey_shape
            and spans_of_models.ends_at = spans.ends_at
            and spans.is_direct_left_out = (spans_of_models.skips_direct and others.touch_count > 0)

)

select * from counted
