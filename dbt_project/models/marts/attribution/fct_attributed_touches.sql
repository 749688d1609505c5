with touches_of_conversions as (

    select * from {{ ref('fct_conversion_touches') }}

),

coefficients as (

    select * from {{ ref('fct_attribution_coefficients') }}

),

position_weights as (

    select * from {{ ref('fct_position_weights') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

weighed as (

    select
        coefficients.attribution_window,
        coefficients.conversion_id,
        coefficients.attribution_model,
        touches_of_conversions.touch_id,
        coalesce(
            position_weights.weight,
            coefficients.middle_unit
            * {{ share_left('coefficients.half_life_days', 'touches_of_conversions.age_days') }}
        ) / coefficients.total_weight as credit,
        coefficients.is_imputed,
        cast(null as {{ dbt.type_string() }}) as unattributed_reason
    from coefficients
    inner join touches_of_conversions
        on
            coefficients.conversion_id = touches_of_conversions.conversion_id
            and coefficients.begins_after < touches_of_conversions.occurred_at
            and coefficients.touched_until >= touches_of_conversions.occurred_at
            and coefficients.scope_rank >= touches_of_conversions.scope_rank
            and not (coefficients.leaves_direct_out and touches_of_conversions.is_direct)
    left join position_weights
        on
            coefficients.attribution_window = position_weights.attribution_window
            and coefficients.conversion_id = position_weights.conversion_id
            and coefficients.attribution_model = position_weights.attribution_model
            and touches_of_conversions.touch_order = position_weights.touch_order
    where
        coefficients.unattributed_reason is null
        and (position_weights.touch_order is not null or coefficients.middle_unit is not null)
    union all
    select
        attribution_window,
        conversion_id,
        attribution_model,
        cast(null as {{ dbt.type_string() }}) as touch_id,
        1.0 as credit,
        is_imputed,
        unattributed_reason
    from coefficients
    where unattributed_reason is not null

),

credited as (

    select
        weighed.attribution_window,
        weighed.attribution_model,
        weighed.conversion_id,
        conversions.conversion_type,
        conversions.conversion_number,
        conversions.opportunity_type,
        conversions.converted_date,
        weighed.touch_id,
        touches.occurred_date as touched_date,
        coalesce(touches.channel, 'unattributed') as channel,
        touches.campaign_id,
        weighed.credit,
        weighed.credit * conversions.amount as amount,
        weighed.credit * conversions.margin_amount as margin_amount,
        weighed.is_imputed,
        weighed.unattributed_reason
    from weighed
    inner join conversions on weighed.conversion_id = conversions.conversion_id
    left join touches on weighed.touch_id = touches.touch_id

)

select * from credited
