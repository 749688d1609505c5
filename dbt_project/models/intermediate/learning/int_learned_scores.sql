with snapshots as (

    select lead_id, account_fold, scored_date, scored_until, is_today from {{ ref('int_score_snapshots') }}

),

features as (

    select lead_id, scored_date, feature, coalesce(text_value, cast(number_value as string)) as feature_value
    from {{ ref('int_score_features') }}

),

weighed as (

    select * from {{ ref('int_score_values_weighed') }}

),

fits as (

    select outcome, fitted_on, account_fold, weight as intercept
    from {{ ref('int_score_weights') }}
    where feature = '(intercept)'

),

-- A past moment is scored by what could have been learned by then, and never from the lead's own company; before there
-- was anything to learn from, at least not from its own company. Today is scored with all that is known.
fits_ranked as (

    select
        snapshots.lead_id,
        snapshots.scored_date,
        fits.outcome,
        fits.fitted_on,
        fits.account_fold,
        fits.intercept,
        case
            when snapshots.is_today then 'none'
            when {{ to_utc('fits.fitted_on') }} <= snapshots.scored_until then 'time_and_account'
            else 'account'
        end as split,
        row_number() over (
            partition by snapshots.lead_id, snapshots.scored_date, fits.outcome
            order by
                case when {{ to_utc('fits.fitted_on') }} <= snapshots.scored_until then 0 else 1 end,
                case when {{ to_utc('fits.fitted_on') }} <= snapshots.scored_until then fits.fitted_on end desc,
                fits.fitted_on
        ) as fit_rank
    from snapshots
    inner join fits on fits.account_fold = case when snapshots.is_today then -1 else snapshots.account_fold end

),

chosen as (

    select * from fits_ranked
    where fit_rank = 1

),

summed as (

    select chosen.outcome, chosen.lead_id, chosen.scored_date, {{ exact_sum('weighed.weight') }} as weight
    from chosen
    inner join features on chosen.lead_id = features.lead_id and chosen.scored_date = features.scored_date
    inner join weighed
        on
            chosen.outcome = weighed.outcome
            and chosen.fitted_on = weighed.fitted_on
            and chosen.account_fold = weighed.account_fold
            and features.feature = weighed.feature
            and features.feature_value = weighed.feature_value
    group by chosen.outcome, chosen.lead_id, chosen.scored_date

),

scored as (

    select
        chosen.outcome,
        chosen.lead_id,
        chosen.scored_date,
        1 / (1 + exp(-(chosen.intercept + coalesce(summed.weight, 0)))) as probability,
        chosen.intercept + coalesce(summed.weight, 0) as log_odds,
        chosen.fitted_on,
        chosen.split
    from chosen
    left join summed
        on
            chosen.outcome = summed.outcome
            and chosen.lead_id = summed.lead_id
            and chosen.scored_date = summed.scored_date

)

select * from scored
