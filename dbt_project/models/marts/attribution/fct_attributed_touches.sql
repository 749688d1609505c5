with credits as (

    {{ credits_of([
        'touches.journey_order',
        'touches.touch_order',
        'touches.touch_kind',
        'stretch_credits.attribution_model',
        'stretch_credits.is_imputed',
        'stretch_credits.unattributed_reason',
    ]) }}

),

journeys as (

    select * from {{ ref('fct_journeys') }}

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

touches as (

    select touch_order, touch_id, occurred_date from {{ ref('fct_touches') }}

),

touch_kinds as (

    select * from {{ ref('fct_touch_kinds') }}

),

credited as (

    select
        journeys.attribution_window,
        credits.attribution_model,
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.conversion_number,
        conversions.opportunity_type,
        conversions.converted_date,
        touches.touch_id,
        touches.occurred_date as touched_date,
        coalesce(touch_kinds.channel, 'unattributed') as channel,
        touch_kinds.campaign_id,
        credits.credit,
        credits.credit * conversions.amount as amount,
        credits.credit * conversions.margin_amount as margin_amount,
        credits.is_imputed,
        credits.unattributed_reason
    from credits
    inner join journeys on credits.journey_order = journeys.journey_order
    inner join conversions on journeys.conversion_order = conversions.conversion_order
    left join touches on credits.touch_order = touches.touch_order
    left join touch_kinds on credits.touch_kind = touch_kinds.touch_kind

)

select * from credited
