with spans as (

    select * from {{ ref('int_journey_spans') }}

),

models_of_journeys as (

    select * from {{ ref('int_models_of_journeys') }}

),

weights as (

    select * from {{ ref('attribution_model_weights') }}
    where position != 'middle'

),

-- `first` and `last` are those of the model's own span; a milestone's touch is the last one up to it.
held as (

    select
        models_of_journeys.attribution_window,
        models_of_journeys.conversion_id,
        models_of_journeys.attribution_model,
        weights.position,
        weights.weight,
        case
            when weights.position = 'first' then models_of_journeys.first_touch_order
            when weights.position = 'last' then models_of_journeys.last_touch_order
            when models_of_journeys.leaves_direct_out then spans.last_non_direct_order
            else spans.last_touch_order
        end as touch_order
    from models_of_journeys
    inner join weights on models_of_journeys.attribution_model = weights.attribution_model
    left join spans
        on
            models_of_journeys.attribution_window = spans.attribution_window
            and models_of_journeys.conversion_id = spans.conversion_id
            and models_of_journeys.touched_until >= spans.touched_until
            and weights.position = spans.ends_at

),

added_up as (

    select
        attribution_window,
        conversion_id,
        attribution_model,
        touch_order,
        sum(weight) as weight,
        cast(count(*) as int) as position_count
    from held
    where touch_order is not null
    group by attribution_window, conversion_id, attribution_model, touch_order

)

select * from added_up
