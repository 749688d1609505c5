with weights as (

    select * from {{ ref('int_score_weights') }}
    where account_fold = -1 and refusal is null

),

latest_fits as (

    select outcome, max(fitted_on) as fitted_on
    from weights
    group by outcome

),

latest_weights as (

    select
        weights.outcome,
        weights.fitted_on,
        weights.feature,
        weights.level,
        weights.from_value,
        weights.to_value,
        weights.weight,
        weights.row_count,
        weights.positive_count as reached_count
    from weights
    inner join latest_fits
        on
            weights.outcome = latest_fits.outcome
            and weights.fitted_on = latest_fits.fitted_on

)

select * from latest_weights
