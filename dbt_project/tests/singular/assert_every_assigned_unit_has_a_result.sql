-- Fails if a person or company assigned to an experiment is not in its results exactly once per metric.
{{ config(meta={'dagster': {'ref': {'name': 'fct_experiment_results'}}}) }}

with identities as (

    select * from {{ ref('identity_map') }}
    where is_current

),

assigned as (

    select
        assignments.experiment_id,
        count(
            distinct assignments.unit_type || ' ' || coalesce(identities.canonical_id, assignments.unit_id)
        ) as unit_count
    from {{ ref('experiment_assignments') }} as assignments
    left join identities
        on assignments.unit_type = identities.object_type and assignments.unit_id = identities.source_id
    where not assignments.is_deleted
    group by assignments.experiment_id

),

metrics as (

    select metric from {{ ref('int_experiment_metrics') }}

),

shown as (

    select experiment_id, metric, sum(assigned_count) as unit_count
    from {{ ref('fct_experiment_results') }}
    group by experiment_id, metric

)

select assigned.experiment_id, metrics.metric, assigned.unit_count, shown.unit_count as shown_count
from assigned
cross join metrics
left join shown on assigned.experiment_id = shown.experiment_id and metrics.metric = shown.metric
where coalesce(shown.unit_count, 0) != assigned.unit_count
