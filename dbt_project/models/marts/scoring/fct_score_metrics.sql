{%- set keys = ['score_version', 'period_type', 'period_start_date'] -%}
{%- set key_list = keys | join(', ') -%}
{%- set of_ranking = ['auc', 'pr_auc', 'top_decile_lift', 'top_fifth_share'] -%}
{%- set of_probability = [
    'brier', 'brier_reliability', 'brier_resolution', 'brier_uncertainty', 'brier_within_bins', 'calibration_error',
    'calibration_error_by_chance',
] -%}

with scores as (

    select
        score_version,
        month_start_date,
        lead_id,
        {{ comparable_score('score') }} as score,
        probability,
        is_reached,
        coalesce(split, 'none') != 'account' as is_out_of_time
    from {{ ref('int_scores_judged') }}

),

spans as (

    select
        score_version,
        min(month_start_date) as first_month_start_date,
        min(case when is_out_of_time then month_start_date end) as first_month_out_of_time
    from scores
    where is_reached is not null
    group by score_version

),

graded as (

    {% for period_type, period_start in [
        ('month', 'scores.month_start_date'),
        ('all', 'spans.first_month_start_date'),
        ('out_of_time', 'spans.first_month_out_of_time'),
    ] -%}
    select
        scores.score_version, '{{ period_type }}' as period_type, {{ period_start }} as period_start_date,
        scores.month_start_date, scores.lead_id, scores.score, scores.probability, scores.is_reached
    from scores
    inner join spans on scores.score_version = spans.score_version
    where scores.is_reached is not null{{ ' and scores.is_out_of_time' if period_type == 'out_of_time' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

{{ ranking_quality('graded', keys) }},

ordered as (

    select
        {{ key_list }},
        is_reached,
        row_number() over (partition by {{ key_list }} order by score desc, lead_id asc, month_start_date asc) as place,
        count(*) over (partition by {{ key_list }}) as lead_count
    from graded

),

-- A share that is no whole number of leads is rounded up.
tops as (

    select
        {{ key_list }},
        count(case when 10 * place < lead_count + 10 then 1 end) as top_decile_count,
        count(case when 10 * place < lead_count + 10 and is_reached then 1 end) as top_decile_reached_count,
        count(case when 5 * place < lead_count + 5 and is_reached then 1 end) as top_fifth_reached_count
    from ordered
    group by {{ key_list }}

),

-- Equal probabilities stay together in the bin in which the lowest of them begins.
probabilities_placed as (

    select
        {{ key_list }},
        cast(probability as double) as probability,
        case when is_reached then 1.0 else 0.0 end as outcome,
        rank() over (partition by {{ key_list }} order by probability asc) - 1 as lower_count,
        cast(count(*) over (partition by {{ key_list }}) as double) as lead_count
    from graded
    where probability is not null

),

bins as (

    select
        {{ key_list }},
        floor(10.0 * lower_count / lead_count) as bin,
        cast(count(*) as double) as lead_count,
        {{ exact_sum('probability', 12) }} as probability_sum,
        {{ exact_sum('outcome', 12) }} as outcome_sum,
        {{ exact_sum('probability * probability', 12) }} as probability_square_sum,
        {{ exact_sum('probability * outcome', 12) }} as product_sum,
        {{ exact_sum('(probability - outcome) * (probability - outcome)', 12) }} as error_square_sum
    from probabilities_placed
    group by {{ key_list }}, floor(10.0 * lower_count / lead_count)

),

bins_of_all as (

    select
        *,
        probability_sum / lead_count as mean_probability,
        outcome_sum / lead_count as reached_rate,
        sum(lead_count) over (partition by {{ key_list }}) as lead_count_of_all,
        sum(outcome_sum) over (partition by {{ key_list }})
        / sum(lead_count) over (partition by {{ key_list }}) as reached_rate_of_all
    from bins

),

-- Murphy (1973); what leads of one bin differ by among themselves as in Stephenson, Coelho and Jolliffe (2008).
bins_compared as (

    select
        *,
        lead_count * (mean_probability - reached_rate) * (mean_probability - reached_rate) as reliability_sum,
        lead_count * (reached_rate - reached_rate_of_all) * (reached_rate - reached_rate_of_all) as resolution_sum,
        (probability_square_sum - probability_sum * mean_probability)
        - 2.0 * (product_sum - probability_sum * reached_rate) as within_bin_sum,
        lead_count * abs(mean_probability - reached_rate) as gap_sum,
        -- The mean distance of a normal deviate from its mean is the root of 2 ÷ π.
        sqrt(0.6366197723675814 * lead_count * mean_probability * (1.0 - mean_probability)) as chance_gap_sum
    from bins_of_all

),

probabilities_measured as (

    select
        {{ key_list }},
        cast(max(lead_count_of_all) as bigint) as lead_count,
        cast(sum(outcome_sum) as bigint) as reached_count,
        {{ exact_sum('error_square_sum', 12) }} / max(lead_count_of_all) as brier,
        {{ exact_sum('reliability_sum', 12) }} / max(lead_count_of_all) as brier_reliability,
        {{ exact_sum('resolution_sum', 12) }} / max(lead_count_of_all) as brier_resolution,
        max(reached_rate_of_all) * (1.0 - max(reached_rate_of_all)) as brier_uncertainty,
        {{ exact_sum('within_bin_sum', 12) }} / max(lead_count_of_all) as brier_within_bins,
        {{ exact_sum('gap_sum', 12) }} / max(lead_count_of_all) as calibration_error,
        {{ exact_sum('chance_gap_sum', 12) }} / max(lead_count_of_all) as calibration_error_by_chance
    from bins_compared
    group by {{ key_list }}

),

periods as (

    select
        score_version,
        'month' as period_type,
        month_start_date as period_start_date,
        month_start_date as last_month_start_date,
        count(*) > count(is_reached) as is_partial_period
    from scores
    group by score_version, month_start_date
    union all
    select
        score_version, period_type, period_start_date, max(month_start_date), false
    from graded
    where period_type != 'month'
    group by {{ key_list }}

),

measured as (

    select
        periods.*,
        coalesce(ranking_measured.lead_count, 0) as lead_count,
        coalesce(ranking_measured.reached_count, 0) as reached_count,
        coalesce(probabilities_measured.lead_count, 0) as probability_count,
        coalesce(probabilities_measured.reached_count, 0) as probability_reached_count,
        ranking_measured.auc,
        ranking_measured.pr_auc,
        tops.top_decile_reached_count * cast(ranking_measured.lead_count as double)
        / nullif(tops.top_decile_count * ranking_measured.reached_count, 0) as top_decile_lift,
        tops.top_fifth_reached_count
        / nullif(cast(ranking_measured.reached_count as double), 0.0) as top_fifth_share,
        probabilities_measured.brier,
        probabilities_measured.brier_reliability,
        probabilities_measured.brier_resolution,
        probabilities_measured.brier_uncertainty,
        probabilities_measured.brier_within_bins,
        probabilities_measured.calibration_error,
        probabilities_measured.calibration_error_by_chance
    from periods
    left join ranking_measured
        on
            periods.score_version = ranking_measured.score_version
            and periods.period_type = ranking_measured.period_type
            and periods.period_start_date = ranking_measured.period_start_date
    left join tops
        on
            periods.score_version = tops.score_version
            and periods.period_type = tops.period_type
            and periods.period_start_date = tops.period_start_date
    left join probabilities_measured
        on
            periods.score_version = probabilities_measured.score_version
            and periods.period_type = probabilities_measured.period_type
            and periods.period_start_date = probabilities_measured.period_start_date

),

-- A group with few records is shown and not judged.
listed as (

    {% for metric in of_ranking -%}
    select
        {{ key_list }}, last_month_start_date, '{{ metric }}' as metric,
        case
            when
                reached_count >= {{ setting('least_group_count', 'bigint') }}
                and lead_count - reached_count >= {{ setting('least_group_count', 'bigint') }}
                then {{ metric }}
        end as value,
        lead_count, reached_count, is_partial_period
    from measured
    union all
    {% endfor -%}
    {% for metric in of_probability -%}
    select
        {{ key_list }}, last_month_start_date, '{{ metric }}',
        case when probability_count >= {{ setting('least_group_count', 'bigint') }} then {{ metric }} end,
        probability_count, probability_reached_count, is_partial_period
    from measured
    union all
    {% endfor -%}
    select
        subject, 'month', month_start_date as period_start_date, month_start_date as last_month_start_date, 'score_psi',
        psi, lead_count, cast(null as bigint), is_partial_period
    from {{ ref('fct_score_drift') }}
    where subject_type = 'score'

)

select * from listed
