with stages as (

    select * from {{ ref('dim_stages') }}
    where stage_order > 0

),

-- The first stage is where everybody begins.
stages_to_reach as (

    select
        stage as metric,
        min(stage_label) as metric_label,
        'rate' as metric_kind,
        min(stage_order) as stage_order
    from stages
    where stage_order > (select min(first_stages.stage_order) from stages as first_stages)
    group by stage

),

metrics as (

    select * from stages_to_reach
    union all
    select 'pipeline_amount' as metric, 'Pipeline' as metric_label, 'amount' as metric_kind, null as stage_order
    union all
    select 'won_amount' as metric, 'Revenue won' as metric_label, 'amount' as metric_kind, null as stage_order

)

select * from metrics
