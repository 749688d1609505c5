with experiments as (

    select * from {{ ref('experiments') }}
    where not is_deleted

),

units as (

    select * from {{ ref('int_experiment_units') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

variants as (

    select experiment_id, variant, count(*) as unit_count
    from units
    group by experiment_id, variant

),

balance as (

    select
        experiment_id,
        count(*) as variant_count,
        coalesce(
            min(case when lower(variant) = lower({{ setting('baseline_variant') }}) then variant end), min(variant)
        ) as baseline_variant,
        sum(unit_count) as assigned_count,
        cast(sum(unit_count) as double) / count(*) as expected_count,
        sum(cast(unit_count as double) * unit_count) as square_sum
    from variants
    group by experiment_id

),

pending as (

    select experiment_id, count(*) as pending_count
    from units
    where standing = 'pending'
    group by experiment_id

),

critical_values as (

    {{ critical_values() }}

),

-- An experiment may be known by its units alone.
described as (

    select
        coalesce(experiments.experiment_id, balance.experiment_id) as experiment_id,
        coalesce(experiments.name, experiments.experiment_id, balance.experiment_id) as experiment_name,
        experiments.hypothesis,
        experiments.bottleneck_stage,
        experiments.started_at,
        experiments.ended_at,
        experiments.primary_metric,
        metrics.metric_label as primary_metric_label,
        metrics.metric_kind as primary_metric_kind,
        cast(
            coalesce(experiments.horizon_days, {{ setting('conversion_horizon_days', 'int') }}) as int
        ) as horizon_days,
        experiments.minimum_effect,
        experiments.status,
        experiments.learning,
        coalesce(balance.variant_count, 0) as variant_count,
        balance.baseline_variant,
        cast(coalesce(balance.assigned_count, 0) as bigint) as assigned_count,
        coalesce(pending.pending_count, 0) as pending_count,
        coalesce(experiments.ended_at <= {{ as_of() }}, false) as is_ended,
        coalesce(experiments.ended_at <= {{ as_of() }}, false) and coalesce(pending.pending_count, 0) = 0 as is_final,
        coalesce(
            balance.square_sum / balance.expected_count - balance.assigned_count > critical_values.chi_square, false
        ) as is_srm
    from experiments
    full outer join balance on experiments.experiment_id = balance.experiment_id
    left join pending on balance.experiment_id = pending.experiment_id
    left join critical_values on balance.variant_count - 1 = critical_values.comparison_count
    left join metrics on experiments.primary_metric = metrics.metric

)

select * from described
