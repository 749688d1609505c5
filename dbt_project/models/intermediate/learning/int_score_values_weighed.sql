with feature_values as (

    select distinct
        feature,
        coalesce(text_value, cast(number_value as string)) as feature_value,
        text_value,
        number_value
    from {{ ref('int_score_features') }}

),

weights as (

    select * from {{ ref('int_score_weights') }}
    where refusal is null and feature != '(intercept)'

),

bins as (

    select * from weights
    where level is null

),

levels as (

    select * from weights
    where level is not null and level not in ('(other)', '(missing)')

),

-- A text without a level of its own, or a number of a feature that had none, is one of the others.
weighed as (

    select
        others.outcome,
        others.fitted_on,
        others.account_fold,
        others.feature,
        feature_values.feature_value,
        coalesce(levels.weight, bins.weight, others.weight) as weight
    from feature_values
    inner join weights as others on feature_values.feature = others.feature and others.level = '(other)'
    left join levels
        on
            others.outcome = levels.outcome
            and others.fitted_on = levels.fitted_on
            and others.account_fold = levels.account_fold
            and others.feature = levels.feature
            and feature_values.text_value = levels.level
    left join bins
        on
            others.outcome = bins.outcome
            and others.fitted_on = bins.fitted_on
            and others.account_fold = bins.account_fold
            and others.feature = bins.feature
            and feature_values.number_value >= coalesce(bins.from_value, feature_values.number_value)
            and (feature_values.number_value < bins.to_value or bins.to_value is null)

)

select * from weighed
