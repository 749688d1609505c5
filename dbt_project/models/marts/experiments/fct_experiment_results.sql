with experiments as (

    select * from {{ ref('dim_experiments') }}

),

outcomes as (

    select * from {{ ref('int_experiment_outcomes') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

critical_values as (

    {{ critical_values() }}

),

counted as (

    select
        experiment_id,
        variant,
        metric,
        count(*) as assigned_count,
        count(case when standing = 'unknown' then 1 end) as unknown_count,
        count(case when standing = 'mixed' then 1 end) as mixed_count,
        count(case when standing = 'pending' then 1 end) as pending_count,
        count(case when standing = 'past' then 1 end) as past_count,
        count(case when standing = 'judged' then 1 end) as unit_count,
        coalesce({{ exact_sum('value') }}, 0.0) as value_sum,
        coalesce({{ exact_sum('value * value') }}, 0.0) as square_sum
    from outcomes
    group by experiment_id, variant, metric

),

measured as (

    select
        counted.*,
        metrics.metric_label,
        metrics.metric_kind,
        counted.variant = experiments.baseline_variant as is_baseline,
        coalesce(counted.metric = experiments.primary_metric, false) as is_primary,
        experiments.minimum_effect,
        experiments.is_final,
        experiments.is_srm,
        critical_values.normal_quantile,
        counted.value_sum / nullif(counted.unit_count, 0) as value,
        greatest(counted.square_sum - counted.value_sum * counted.value_sum / nullif(counted.unit_count, 0), 0.0)
        / nullif(counted.unit_count - 1, 0) as variance
    from counted
    inner join experiments on counted.experiment_id = experiments.experiment_id
    inner join metrics on counted.metric = metrics.metric
    left join critical_values on experiments.variant_count - 1 = critical_values.comparison_count

),

-- Wide bounds allow for several variants being held against the baseline.
bounded as (

    select
        *,
        {{ wilson_lower('value_sum', 'unit_count', 'normal_quantile') }} as wide_lower,
        {{ wilson_upper('value_sum', 'unit_count', 'normal_quantile') }} as wide_upper
    from measured

),

compared as (

    select
        bounded.*,
        baseline.unit_count as baseline_unit_count,
        baseline.value as baseline_value,
        baseline.wide_lower as baseline_wide_lower,
        baseline.wide_upper as baseline_wide_upper,
        baseline.variance as baseline_variance,
        bounded.value - baseline.value as lift,
        sqrt(bounded.variance / bounded.unit_count + baseline.variance / baseline.unit_count) as standard_error,
        coalesce(baseline.value, bounded.value) as value_before,
        coalesce(baseline.variance, bounded.variance) as variance_before,
        {{ welch_degrees_of_freedom(
            'bounded.variance', 'bounded.unit_count', 'baseline.variance', 'baseline.unit_count'
        ) }} as degrees_of_freedom
    from bounded
    left join bounded as baseline
        on
            bounded.experiment_id = baseline.experiment_id
            and bounded.metric = baseline.metric
            and baseline.is_baseline
            and not bounded.is_baseline

),

estimated as (

    select
        *,
        case
            when metric_kind = 'rate'
                then lift - sqrt(
                    (value - wide_lower) * (value - wide_lower)
                    + (baseline_wide_upper - baseline_value) * (baseline_wide_upper - baseline_value)
                )
            else lift - {{ t_quantile('normal_quantile', 'degrees_of_freedom') }} * standard_error
        end as lower,
        case
            when metric_kind = 'rate'
                then lift + sqrt(
                    (wide_upper - value) * (wide_upper - value)
                    + (baseline_value - baseline_wide_lower) * (baseline_value - baseline_wide_lower)
                )
            else lift + {{ t_quantile('normal_quantile', 'degrees_of_freedom') }} * standard_error
        end as upper,
        case
            when metric_kind = 'rate'
                then
                    value_before * (1 - value_before)
                    + least(value_before + minimum_effect, 1.0) * (1 - least(value_before + minimum_effect, 1.0))
            else 2 * variance_before
        end as variance_at_effect
    from compared

),

decided as (

    select
        experiment_id,
        variant,
        metric,
        metric_label,
        metric_kind,
        is_baseline,
        is_primary,
        assigned_count,
        unknown_count,
        mixed_count,
        pending_count,
        past_count,
        unit_count,
        value,
        lift,
        lower,
        upper,
        case
            when is_primary
                then
                    cast({{ units_needed('variance_at_effect', 'minimum_effect', 'normal_quantile') }} as bigint)
        end as needed_unit_count,
        is_srm,
        is_final,
        case
            when is_baseline or not is_primary then null
            when not is_final then 'running'
            when is_srm then 'sample_ratio_mismatch'
            when least(unit_count, baseline_unit_count) < {{ setting('least_group_count', 'int') }} then 'too_few'
            when lower is null then 'not_comparable'
            when lower >= -minimum_effect and upper <= minimum_effect then 'no_relevant_effect'
            when lower > 0 then 'better'
            when upper < 0 then 'worse'
            else 'inconclusive'
        end as decision
    from estimated

)

select * from decided
