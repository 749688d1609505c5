"""What is tried out, and what came of it."""

import pandas as pd

from app.data import query


def experiments(file: str) -> pd.DataFrame:
    """The experiments, those that ended last first, then the running ones by their beginning."""
    return query(
        file,
        """
        select
            experiment_id,
            experiment_name,
            hypothesis,
            started_at,
            ended_at,
            primary_metric_label,
            horizon_days,
            learning,
            variant_count,
            assigned_count,
            pending_count,
            is_ended,
            is_final,
            is_srm,
            case when is_ended then ended_at + to_days(horizon_days) end as final_at,
        from marts.dim_experiments
        order by is_final desc, ended_at desc nulls last, started_at desc nulls last, experiment_id
        """,
    )


def results(file: str) -> pd.DataFrame:
    """Per experiment, metric and variant beside the baseline: what its units did, and how much more that is."""
    return query(
        file,
        """
        select
            results.experiment_id,
            results.variant,
            results.metric,
            results.metric_label,
            results.metric_kind,
            results.is_primary,
            results.unit_count,
            results.value,
            baseline.unit_count as baseline_unit_count,
            baseline.value as baseline_value,
            results.lift,
            results.lower,
            results.upper,
            results.needed_unit_count,
            results.decision,
        from marts.fct_experiment_results as results
        inner join marts.fct_experiment_results as baseline
            on results.experiment_id = baseline.experiment_id
                and results.metric = baseline.metric
                and baseline.is_baseline
        left join (select stage, max(stage_order) as stage_order from marts.dim_stages group by stage) as stages
            on results.metric = stages.stage
        where not results.is_baseline
        order by results.experiment_id, results.variant, stages.stage_order nulls last, results.metric
        """,
    )
