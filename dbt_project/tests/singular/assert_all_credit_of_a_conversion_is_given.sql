-- Fails if the credits of a conversion under a model do not add up to 1, or its amounts not to its own.
{{ config(meta={'dagster': {'ref': {'name': 'fct_attributed_touches'}}}) }}

with given as (

    select
        attribution_window,
        conversion_id,
        attribution_model,
        sum(credit) as credit,
        sum(amount) as amount
    from {{ ref('fct_attributed_touches') }}
    group by attribution_window, conversion_id, attribution_model

)

select
    windows.attribution_window,
    models.attribution_model,
    conversions.conversion_id,
    conversions.amount as converted_amount,
    given.credit,
    given.amount
from {{ ref('fct_conversions') }} as conversions
inner join {{ ref('attribution_windows') }} as windows on conversions.conversion_type = windows.conversion_type
cross join {{ ref('attribution_models') }} as models
left join given
    on
        windows.attribution_window = given.attribution_window
        and conversions.conversion_id = given.conversion_id
        and models.attribution_model = given.attribution_model
where
    given.credit is null
    or abs(given.credit - 1) > 1e-9
    or {{ money_differs('given.amount', 'conversions.amount') }}
