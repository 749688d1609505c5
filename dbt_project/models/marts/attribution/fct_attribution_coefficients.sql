with models_of_journeys as (

    select * from {{ ref('int_models_of_journeys') }}

),

weights as (

    select
        attribution_model,
        sum(weight) as weight,
        max(case when position = 'middle' then weight end) as middle_weight,
        count(*) as position_count
    from {{ ref('attribution_model_weights') }}
    group by attribution_model

),

position_weights as (

    select * from {{ ref('fct_position_weights') }}

),

touches as (

    select * from {{ ref('fct_conversion_touches') }}

),

held as (

    select
        attribution_window,
        conversion_id,
        attribution_model,
        sum(weight) as weight,
        sum(position_count) as position_count,
        count(*) as touch_count
    from position_weights
    group by attribution_window, conversion_id, attribution_model

),

-- Of touches that age, what those in the middle weigh together.
middles_aged as (

    select
        models_of_journeys.attribution_window,
        models_of_journeys.conversion_id,
        models_of_journeys.attribution_model,
        {{ ordered_sum(share_left('models_of_journeys.half_life_days', 'touches.age_days'), 'touches.touch_order') }}
            as kernel_sum
    from models_of_journeys
    inner join weights
        on models_of_journeys.attribution_model = weights.attribution_model and weights.middle_weight is not null
    inner join touches
        on
            models_of_journeys.conversion_id = touches.conversion_id
            and models_of_journeys.begins_after < touches.occurred_at
            and models_of_journeys.touched_until >= touches.occurred_at
            and models_of_journeys.scope_rank >= touches.scope_rank
            and not (models_of_journeys.leaves_direct_out and touches.is_direct)
    left join position_weights
        on
            models_of_journeys.attribution_window = position_weights.attribution_window
            and models_of_journeys.conversion_id = position_weights.conversion_id
            and models_of_journeys.attribution_model = position_weights.attribution_model
            and touches.touch_order = position_weights.touch_order
    where models_of_journeys.half_life_days is not null and position_weights.touch_order is null
    group by
        models_of_journeys.attribution_window, models_of_journeys.conversion_id, models_of_journeys.attribution_model

),

shared as (

    select
        models_of_journeys.attribution_window,
        models_of_journeys.conversion_id,
        models_of_journeys.attribution_model,
        models_of_journeys.begins_after,
        models_of_journeys.touched_until,
        models_of_journeys.scope_rank,
        models_of_journeys.leaves_direct_out,
        models_of_journeys.half_life_days,
        models_of_journeys.journey_touch_count,
        weights.position_count,
        coalesce(held.weight, 0.0) as held_weight,
        coalesce(held.position_count, 0) as held_position_count,
        case
            when models_of_journeys.touch_count > coalesce(held.touch_count, 0) then weights.middle_weight
        end as middle_weight,
        case
            when models_of_journeys.half_life_days is not null then middles_aged.kernel_sum
            else cast(models_of_journeys.touch_count - coalesce(held.touch_count, 0) as double)
        end as kernel_sum
    from models_of_journeys
    inner join weights on models_of_journeys.attribution_model = weights.attribution_model
    left join held
        on
            models_of_journeys.attribution_window = held.attribution_window
            and models_of_journeys.conversion_id = held.conversion_id
            and models_of_journeys.attribution_model = held.attribution_model
    left join middles_aged
        on
            models_of_journeys.attribution_window = middles_aged.attribution_window
            and models_of_journeys.conversion_id = middles_aged.conversion_id
            and models_of_journeys.attribution_model = middles_aged.attribution_model

),

solved as (

    select
        attribution_window,
        conversion_id,
        attribution_model,
        begins_after,
        touched_until,
        scope_rank,
        leaves_direct_out,
        half_life_days,
        held_weight + coalesce(middle_weight, 0.0) as total_weight,
        middle_weight / kernel_sum as middle_unit,
        held_weight + coalesce(middle_weight, 0.0) > 0.0
        and held_position_count + case when middle_weight is not null then 1 else 0 end < position_count as is_imputed,
        case
            when journey_touch_count = 0 then 'no_touch'
            when held_weight + coalesce(middle_weight, 0.0) = 0.0 then 'position_not_reached'
        end as unattributed_reason
    from shared

)

select * from solved
