with spans as (

    select * from {{ ref('int_shape_spans') }}

),

models_of_shapes as (

    select * from {{ ref('int_models_of_shapes') }}
    where touch_count > 0

),

weights as (

    select * from {{ ref('attribution_model_weights') }}
    where position != 'middle'

),

-- `first` and `last` are those of the model's own span; a milestone's touch is the last one up to it.
held as (

    select
        models_of_shapes.journey_shape,
        models_of_shapes.attribution_model,
        weights.weight,
        case
            when weights.position = 'first' then 1
            when weights.position = 'last' then models_of_shapes.touch_count
            else spans.touch_count
        end as touch_number
    from models_of_shapes
    inner join weights on models_of_shapes.attribution_model = weights.attribution_model
    left join spans
        on
            models_of_shapes.journey_shape = spans.journey_shape
            and models_of_shapes.is_direct_left_out = spans.is_direct_left_out
            and models_of_shapes.span_rank >= spans.span_rank
            and weights.position = spans.ends_at

),

added_up as (

    select
        journey_shape,
        attribution_model,
        touch_number,
        sum(weight) as weight,
        cast(count(*) as int) as position_count
    from held
    where touch_number > 0
    group by journey_shape, attribution_model, touch_number

)

select * from added_up
