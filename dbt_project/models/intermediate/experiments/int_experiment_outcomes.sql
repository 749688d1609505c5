with units as (

    select * from {{ ref('int_experiment_units') }}

),

lead_visits as (

    select * from {{ ref('fct_lead_stage_visits') }}

),

opportunity_visits as (

    select * from {{ ref('fct_opportunity_stage_visits') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

metrics as (

    select * from {{ ref('int_experiment_metrics') }}

),

-- A person's own deals count for the person, all deals of a company for the company.
deals_of_units as (

    select 'lead' as unit_type, primary_lead_id as unit_id, opportunity_id
    from opportunities
    where {{ is_own_deal('primary_lead_rule') }}
    union all
    select 'account' as unit_type, account_id as unit_id, opportunity_id
    from opportunities

),

arrivals as (

    select 'lead' as unit_type, lead_id as unit_id, stage_order, entered_at
    from lead_visits
    union all
    select 'account' as unit_type, account_id as unit_id, stage_order, entered_at
    from lead_visits
    union all
    select deals_of_units.unit_type, deals_of_units.unit_id, visits.stage_order, visits.entered_at
    from opportunity_visits as visits
    inner join deals_of_units on visits.opportunity_id = deals_of_units.opportunity_id

),

-- A later stage counts for those that were skipped.
stages_reached as (

    select
        units.experiment_id,
        units.unit_type,
        units.unit_id,
        metrics.metric,
        min(arrivals.entered_at) as reached_at
    from units
    inner join arrivals on units.unit_type = arrivals.unit_type and units.unit_id = arrivals.unit_id
    inner join metrics on metrics.metric_kind = 'rate' and arrivals.stage_order >= metrics.stage_order
    group by units.experiment_id, units.unit_type, units.unit_id, metrics.metric

),

amounts as (

    select opportunity_id, 'pipeline_amount' as metric, created_at as occurred_at, pipeline_amount as amount
    from opportunities
    union all
    select opportunity_id, 'won_amount' as metric, closed_at as occurred_at, won_amount as amount
    from opportunities
    where is_won

),

amounts_brought as (

    select
        units.experiment_id,
        units.unit_type,
        units.unit_id,
        amounts.metric,
        {{ exact_sum('amounts.amount') }} as amount
    from units
    inner join deals_of_units on units.unit_type = deals_of_units.unit_type and units.unit_id = deals_of_units.unit_id
    inner join amounts on deals_of_units.opportunity_id = amounts.opportunity_id
    where
        amounts.occurred_at >= units.assigned_at
        and {{ days_between('units.assigned_at', 'amounts.occurred_at') }} <= units.horizon_days
    group by units.experiment_id, units.unit_type, units.unit_id, amounts.metric

),

judged as (

    select
        units.experiment_id,
        units.unit_type,
        units.unit_id,
        metrics.metric,
        units.variant,
        case
            when units.standing = 'judged' and stages_reached.reached_at < units.assigned_at then 'past'
            else units.standing
        end as standing,
        case
            when metrics.metric_kind = 'amount' then coalesce(amounts_brought.amount, 0.0)
            when {{ days_between('units.assigned_at', 'stages_reached.reached_at') }} <= units.horizon_days then 1.0
            else 0.0
        end as value
    from units
    cross join metrics
    left join stages_reached
        on
            units.experiment_id = stages_reached.experiment_id
            and units.unit_type = stages_reached.unit_type
            and units.unit_id = stages_reached.unit_id
            and metrics.metric = stages_reached.metric
    left join amounts_brought
        on
            units.experiment_id = amounts_brought.experiment_id
            and units.unit_type = amounts_brought.unit_type
            and units.unit_id = amounts_brought.unit_id
            and metrics.metric = amounts_brought.metric

),

described as (

    select
        experiment_id,
        unit_type,
        unit_id,
        metric,
        variant,
        standing,
        case when standing = 'judged' then value end as value
    from judged

)

select * from described
