with touches as (

    select * from {{ ref('fct_journey_touches') }}

),

fading_credits as (

    select * from {{ ref('fct_stretch_credits') }}
    where half_life_days is not null

),

faded as (

    select
        touches.journey_order,
        fading_credits.attribution_model,
        {{ ordered_sum(share_left('fading_credits.half_life_days', 'touches.age_days')) }} / count(*)
            as mean_share_left
    from touches
    inner join fading_credits on touches.stretch = fading_credits.stretch
    group by touches.journey_order, fading_credits.attribution_model

)

select * from faded
