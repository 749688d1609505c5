with credits as (

    {{ credits_of(['touches.journey_order', 'touches.touch_kind', 'stretch_credits.model_number']) }}

),

touch_kinds as (

    select * from {{ ref('fct_touch_kinds') }}

),

models as (

    select distinct model_number, attribution_model from {{ ref('int_models_of_shapes') }}

),

journeys as (

    select
        journeys.journey_order,
        journeys.attribution_window,
        conversions.conversion_type,
        conversions.opportunity_type,
        conversions.conversion_number > 1 as is_repeat,
        conversions.month_start_date,
        conversions.amount,
        conversions.margin_amount,
        conversions.margin_amount is null as is_margin_unknown
    from {{ ref('fct_journeys') }} as journeys
    inner join {{ ref('fct_conversions') }} as conversions
        on journeys.conversion_order = conversions.conversion_order

),

-- There are many rows to add up for each that comes out, and numbers are told apart more quickly than names.
journeys_numbered as (

    select
        *,
        dense_rank() over (
            order by
                attribution_window, conversion_type, opportunity_type nulls first, is_repeat,
                month_start_date nulls first, is_margin_unknown
        ) as journey_kind
    from journeys

),

journey_kinds as (

    select distinct
        journey_kind, attribution_window, conversion_type, opportunity_type, is_repeat, month_start_date,
        is_margin_unknown
    from journeys_numbered

),

added_up as (

    select
        credits.touch_kind,
        journeys_numbered.journey_kind,
        credits.model_number,
        {{ exact_sum('credits.credit', 12) }} as credit,
        {{ exact_sum('credits.credit * journeys_numbered.amount', 9) }} as amount,
        {{ exact_sum('credits.credit * journeys_numbered.margin_amount', 9) }} as margin_amount
    from credits
    inner join journeys_numbered on credits.journey_order = journeys_numbered.journey_order
    group by credits.touch_kind, journeys_numbered.journey_kind, credits.model_number

),

named as (

    select
        journey_kinds.attribution_window,
        models.attribution_model,
        journey_kinds.conversion_type,
        journey_kinds.opportunity_type,
        journey_kinds.is_repeat,
        coalesce(touch_kinds.channel, 'unattributed') as channel,
        touch_kinds.campaign_id,
        journey_kinds.is_margin_unknown,
        journey_kinds.month_start_date as converted_month_start_date,
        touch_kinds.month_start_date as touched_month_start_date,
        added_up.credit,
        added_up.amount,
        added_up.margin_amount
    from added_up
    inner join journey_kinds on added_up.journey_kind = journey_kinds.journey_kind
    inner join models on added_up.model_number = models.model_number
    left join touch_kinds on added_up.touch_kind = touch_kinds.touch_kind

)

select * from named
