with weights as (

    select * from {{ ref('int_score_weights') }}
    where account_fold = -1

),

fits as (

    select
        outcome,
        fitted_on,
        max(case when feature = '(intercept)' then row_count end) as row_count,
        max(case when feature = '(intercept)' then positive_count end) as reached_count,
        count(distinct case when feature != '(intercept)' then feature end) as feature_count,
        max(cast(refusal as string)) as refusal
    from weights
    group by outcome, fitted_on

)

select * from fits
