with models_of_shapes as (

    select * from {{ ref('int_models_of_shapes') }}

),

weights as (

    select
        attribution_model,
        max(case when position = 'middle' then weight end) as middle_weight,
        count(*) as position_count
    from {{ ref('attribution_model_weights') }}
    group by attribution_model

),

position_weights as (

    select * from {{ ref('int_position_weights') }}

),

stretches as (

    select
        journey_shape,
        is_direct_left_out,
        from_touch_number,
        row_number() over (order by journey_shape, is_direct_left_out, from_touch_number) as stretch
    from {{ ref('int_journey_stretches') }}
    where journey_order = journey_shape

),

held as (

    select
        journey_shape,
        attribution_model,
        sum(weight) as weight,
        sum(position_count) as position_count,
        count(*) as touch_count
    from position_weights
    group by journey_shape, attribution_model

),

-- Weights of positions that nobody holds, and of a middle without touches, fall to the others.
shared as (

    select
        models_of_shapes.journey_shape,
        models_of_shapes.attribution_model,
        models_of_shapes.model_number,
        models_of_shapes.is_direct_left_out,
        models_of_shapes.touch_count,
        models_of_shapes.half_life_days,
        models_of_shapes.journey_touch_count,
        weights.position_count,
        coalesce(held.weight, 0.0) as held_weight,
        coalesce(held.position_count, 0) as held_position_count,
        models_of_shapes.touch_count - coalesce(held.touch_count, 0) as middle_count,
        case when models_of_shapes.touch_count > coalesce(held.touch_count, 0) then weights.middle_weight end
            as middle_weight
    from models_of_shapes
    inner join weights on models_of_shapes.attribution_model = weights.attribution_model
    left join held
        on
            models_of_shapes.journey_shape = held.journey_shape
            and models_of_shapes.attribution_model = held.attribution_model

),

solved as (

    select
        journey_shape,
        attribution_model,
        model_number,
        is_direct_left_out,
        touch_count,
        half_life_days,
        held_weight + coalesce(middle_weight, 0.0) as total_weight,
        middle_weight / nullif(middle_count, 0) as middle_unit,
        held_weight + coalesce(middle_weight, 0.0) > 0.0
        and held_position_count + case when middle_weight is not null then 1 else 0 end < position_count as is_imputed,
        case
            when journey_touch_count = 0 then 'no_touch'
            when held_weight + coalesce(middle_weight, 0.0) = 0.0 then 'position_not_reached'
        end as unattributed_reason
    from shared

),

credited as (

    select
        stretches.stretch,
        solved.journey_shape,
        solved.attribution_model,
        solved.model_number,
        stretches.is_direct_left_out,
        stretches.from_touch_number,
        case
            when solved.unattributed_reason is not null then 1.0
            else coalesce(position_weights.weight, solved.middle_unit) / solved.total_weight
        end as credit,
        case
            when solved.unattributed_reason is null and position_weights.weight is null then solved.half_life_days
        end as half_life_days,
        solved.is_imputed,
        solved.unattributed_reason
    from solved
    inner join stretches
        on
            solved.journey_shape = stretches.journey_shape
            and case
                when solved.unattributed_reason is not null then stretches.from_touch_number = 0
                else
                    stretches.is_direct_left_out = solved.is_direct_left_out
                    and stretches.from_touch_number between 1 and solved.touch_count
            end
    left join position_weights
        on
            solved.journey_shape = position_weights.journey_shape
            and solved.attribution_model = position_weights.attribution_model
            and stretches.from_touch_number = position_weights.touch_number
    where
        solved.unattributed_reason is not null
        or position_weights.weight is not null
        or solved.middle_unit is not null

)

select * from credited
