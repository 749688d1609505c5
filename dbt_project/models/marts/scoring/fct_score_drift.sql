{%- set keys = ['subject_type', 'subject', 'month_start_date'] -%}
{%- set key_list = keys | join(', ') -%}
{%- set by_value -%}
(partition by {{ key_list }} order by number_value rows between unbounded preceding and current row)
{%- endset -%}

with snapshots as (

    select
        lead_id,
        scored_date,
        month_start_date
    from {{ ref('int_score_snapshots') }}
    where not is_today

),

features as (

    select
        features.feature,
        snapshots.month_start_date,
        features.text_value,
        {{ three_digits('features.number_value') }} as number_value,
        count(*) as lead_count
    from {{ ref('int_score_features') }} as features
    inner join snapshots on features.lead_id = snapshots.lead_id and features.scored_date = snapshots.scored_date
    group by
        features.feature,
        snapshots.month_start_date,
        features.text_value,
        {{ three_digits('features.number_value') }}

),

snapshots_counted as (

    select
        month_start_date,
        count(*) as lead_count
    from snapshots
    group by month_start_date

),

feature_names as (

    select feature
    from features
    group by feature

),

features_counted as (

    select
        feature,
        month_start_date,
        sum(lead_count) as lead_count
    from features
    group by feature, month_start_date

),

-- Of whom nothing is known is a group like any other: tracking that stops is drift.
features_missing as (

    select
        feature_names.feature,
        snapshots_counted.month_start_date,
        snapshots_counted.lead_count - coalesce(features_counted.lead_count, 0) as lead_count
    from snapshots_counted
    cross join feature_names
    left join features_counted
        on
            feature_names.feature = features_counted.feature
            and snapshots_counted.month_start_date = features_counted.month_start_date

),

seen as (

    select
        'score' as subject_type,
        score_version as subject,
        month_start_date,
        cast(null as string) as text_value,
        {{ three_digits('score') }} as number_value,
        count(*) as lead_count
    from {{ ref('int_scores_judged') }}
    group by score_version, month_start_date, {{ three_digits('score') }}
    union all
    select 'feature', feature, month_start_date, text_value, number_value, lead_count from features
    union all
    select 'feature', feature, month_start_date, '(missing)', null, lead_count from features_missing
    where lead_count > 0

),

numbered as (

    select
        *,
        {{ month_number('month_start_date') }} as month_number
    from seen

),

months as (

    select {{ key_list }}, month_number
    from numbered
    group by {{ key_list }}, month_number

),

beside_reference as (

    select {{ key_list }}, text_value, number_value, lead_count, 0 as reference_count
    from numbered
    union all
    select
        months.subject_type, months.subject, months.month_start_date, numbered.text_value, numbered.number_value,
        0, numbered.lead_count
    from months
    inner join numbered
        on
            months.subject_type = numbered.subject_type
            and months.subject = numbered.subject
            and numbered.month_number between months.month_number - 12 and months.month_number - 1

),

valued as (

    select
        {{ key_list }},
        text_value,
        number_value,
        sum(lead_count) as lead_count,
        sum(reference_count) as reference_count
    from beside_reference
    group by {{ key_list }}, text_value, number_value

),

numbers_summed as (

    select
        *,
        sum(reference_count) over {{ by_value }} as reference_count_so_far,
        cast(sum(reference_count) over (partition by {{ key_list }}) as double) as reference_count_of_all
    from valued
    where number_value is not null

),

-- The nine deciles of the reference that lie at or below a value, and those that lie below it.
numbers_cut as (

    select
        *,
        case
            when reference_count_of_all = 0.0 then 0
            when reference_count_so_far = reference_count_of_all then 9
            else floor(10.0 * reference_count_so_far / reference_count_of_all)
        end as cuts_so_far,
        case
            when reference_count_of_all = 0.0 then 0
            when reference_count_so_far - reference_count = reference_count_of_all then 9
            else floor(10.0 * (reference_count_so_far - reference_count) / reference_count_of_all)
        end as cuts_before
    from numbers_summed

),

-- A bin ends with each value on which a decile lies; where two lie on one value, that value is a bin by itself.
numbers_binned as (

    select
        {{ key_list }},
        lead_count,
        reference_count,
        cast(
            sum(
                case when cuts_so_far > cuts_before then 1 else 0 end
                + case when cuts_so_far > cuts_before + 1 then 1 else 0 end
            ) over {{ by_value }}
            - case when cuts_so_far > cuts_before then 1 else 0 end
            as string
        ) as bin
    from numbers_cut

),

binned as (

    select {{ key_list }}, 'number' as kind, bin, lead_count, reference_count
    from numbers_binned
    union all
    select {{ key_list }}, 'text', text_value, lead_count, reference_count
    from valued
    where number_value is null

),

bins as (

    select
        {{ key_list }},
        kind,
        bin,
        cast(sum(lead_count) as double) as lead_count,
        cast(sum(reference_count) as double) as reference_count
    from binned
    group by {{ key_list }}, kind, bin

),

-- Half a lead is added to each bin, so that an empty one has a logarithm.
shares as (

    select
        *,
        (lead_count + 0.5) / (sum(lead_count + 0.5) over (partition by {{ key_list }})) as share,
        (reference_count + 0.5)
        / (sum(reference_count + 0.5) over (partition by {{ key_list }})) as reference_share
    from bins

),

summed as (

    select
        {{ key_list }},
        cast(sum(lead_count) as bigint) as lead_count,
        cast(sum(reference_count) as bigint) as reference_count,
        count(*) as bin_count,
        {{ exact_sum('(share - reference_share) * ln(share / reference_share)', 12) }} as index_sum
    from shares
    group by {{ key_list }}

),

-- Without drift, the index times the counts' harmonic sum is distributed as chi-square with one degree of freedom less
-- than there are bins; its quantile 0.999 by Wilson and Hilferty (1931).
bounded as (

    select
        *,
        coalesce(
            lead_count >= {{ setting('least_group_count', 'bigint') }}
            and reference_count >= {{ setting('least_group_count', 'bigint') }},
            false
        ) as is_judged,
        (1.0 / nullif(lead_count, 0) + 1.0 / nullif(reference_count, 0))
        * case
            when bin_count = 1 then 0.0
            else (bin_count - 1) * pow(
                1.0 - 2.0 / (9.0 * (bin_count - 1)) + 3.090232 * sqrt(2.0 / (9.0 * (bin_count - 1))), 3
            )
        end as chance_bound
    from summed

),

judged as (

    select
        subject_type,
        subject,
        month_start_date,
        lead_count,
        reference_count,
        bin_count,
        case when is_judged then index_sum end as psi,
        case when is_judged then chance_bound end as chance_psi,
        {{ next_month_start('month_start_date') }} > {{ local_date(as_of()) }} as is_partial_period
    from bounded

)

select * from judged
