with todays_scores as (

    select
        scores.outcome,
        scores.lead_id,
        scores.scored_date,
        scores.fitted_on,
        scores.log_odds
    from {{ ref('int_learned_scores') }} as scores
    inner join {{ ref('int_score_snapshots') }} as snapshots
        on scores.lead_id = snapshots.lead_id and scores.scored_date = snapshots.scored_date
    where snapshots.is_today

),

features as (

    select *, coalesce(text_value, cast(number_value as string)) as feature_value
    from {{ ref('int_score_features') }}

),

weighed_values as (

    select * from {{ ref('int_score_values_weighed') }}
    where account_fold = -1

),

features_of_fits as (

    select distinct outcome, fitted_on, feature from weighed_values

),

-- Every feature of every lead, also what it does not have, which weighs nothing: that tells something too.
weighed as (

    select
        todays_scores.outcome,
        todays_scores.lead_id,
        features_of_fits.feature,
        features.text_value,
        features.number_value,
        coalesce(weighed_values.weight, 0) as weight
    from todays_scores
    inner join features_of_fits
        on todays_scores.outcome = features_of_fits.outcome and todays_scores.fitted_on = features_of_fits.fitted_on
    left join features
        on
            todays_scores.lead_id = features.lead_id
            and todays_scores.scored_date = features.scored_date
            and features_of_fits.feature = features.feature
    left join weighed_values
        on
            todays_scores.outcome = weighed_values.outcome
            and todays_scores.fitted_on = weighed_values.fitted_on
            and features.feature = weighed_values.feature
            and features.feature_value = weighed_values.feature_value

),

means as (

    select outcome, feature, {{ exact_sum('weight') }} / count(*) as mean_weight
    from weighed
    group by outcome, feature

),

contributions as (

    select
        weighed.outcome,
        weighed.lead_id,
        weighed.feature,
        weighed.text_value,
        weighed.number_value,
        weighed.weight - means.mean_weight as contribution,
        row_number() over (
            partition by weighed.outcome, weighed.lead_id
            order by abs(weighed.weight - means.mean_weight) desc, weighed.feature
        ) as contribution_rank
    from weighed
    inner join means on weighed.outcome = means.outcome and weighed.feature = means.feature

),

explained as (

    select outcome, lead_id, feature, text_value, number_value, contribution, contribution_rank
    from contributions
    where contribution_rank <= {{ setting('score_reason_count', 'int') }}
    union all
    -- Together they are the distance of the lead's log odds from the mean of all today.
    select
        outcome,
        lead_id,
        '(rest)' as feature,
        cast(null as string) as text_value,
        cast(null as double) as number_value,
        {{ exact_sum('contribution') }} as contribution,
        min(contribution_rank) as contribution_rank
    from contributions
    where contribution_rank > {{ setting('score_reason_count', 'int') }}
    group by outcome, lead_id

)

select * from explained
