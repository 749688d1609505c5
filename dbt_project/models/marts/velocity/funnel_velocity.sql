{{ config(materialized='table_macro', parameters=filter_parameters({'within_days': 'cast(null as int)'})) }}

with stages as (

    select
        *,
        case
            when stage_order > 0 then dense_rank() over (partition by track, stage_order > 0 order by stage_order)
        end as step_number
    from {{ ref('dim_stages') }}

),

visits as (

    {{ stage_visits([
        'stage', 'visit_number', 'skipped_stage_count', 'entered_date', 'direction', 'is_current', 'channel',
        'campaign_id', 'persona', 'segment', 'product',
    ]) }}

),

visits_chosen as (

    select
        visits.*,
        {{ dimension_value('visits') }} as dimension_value
    from visits
    where {{ is_in_period('visits.entered_date') }} and {{ passes_filters('visits') }}

),

counted as (

    select
        track,
        stage,
        dimension_value,
        count(*) as entered_count,
        count(distinct record_id) as record_count,
        count(*) filter (where visit_number > 1) as re_entered_count,
        count(*) filter (where direction = 'forward') as forward_count,
        count(*) filter (where direction = 'backward') as backward_count,
        count(*) filter (where direction = 'recycled') as recycled_count,
        count(*) filter (where direction = 'out') as out_count,
        count(*) filter (where is_current) as open_count
    from visits_chosen
    group by track, stage, dimension_value

),

-- The stages passed over lie right before the one that was come to.
skipped as (

    select
        visits_chosen.track,
        passed.stage,
        visits_chosen.dimension_value,
        count(*) as skipped_count
    from visits_chosen
    inner join stages as reached on visits_chosen.track = reached.track and visits_chosen.stage = reached.stage
    inner join stages as passed
        on
            visits_chosen.track = passed.track
            and passed.step_number < reached.step_number
            and passed.step_number >= reached.step_number - visits_chosen.skipped_stage_count
    where visits_chosen.skipped_stage_count > 0
    group by visits_chosen.track, passed.stage, visits_chosen.dimension_value

),

stuck_records as (

    select 'lead' as track, stage, value_at_stake_amount, channel, campaign_id, persona, segment, product
    from {{ ref('fct_stuck_leads') }}
    union all
    select 'opportunity' as track, stage, null, channel, campaign_id, persona, segment, product
    from {{ ref('fct_opportunities') }}
    where is_stuck

),

stuck_records_chosen as (

    select
        stuck_records.*,
        {{ dimension_value('stuck_records') }} as dimension_value
    from stuck_records
    where {{ passes_filters('stuck_records') }}

),

-- Whoever is stuck is stuck now, whenever it came.
stuck as (

    select
        track,
        stage,
        dimension_value,
        count(*) as stuck_count,
        sum(value_at_stake_amount) as stuck_value_amount
    from stuck_records_chosen
    group by track, stage, dimension_value

),

durations as (

    select * from {{ ref('stage_durations') }}(group_by := group_by, {{ pass_filters_on() }})

),

lead_conversions as (

    select 'lead' as track, *
    from {{ ref('conversion_cohort') }}(
        unit := 'lead', within_days := within_days, group_by := group_by, {{ pass_filters_on() }}
    )

),

opportunity_conversions as (

    select 'opportunity' as track, *
    from {{ ref('conversion_cohort') }}(
        unit := 'opportunity', within_days := within_days, group_by := group_by, {{ pass_filters_on() }}
    )

),

conversions as (

    select * from lead_conversions
    union all
    select * from opportunity_conversions

)

select
    stages.track,
    stages.stage,
    stages.stage_label,
    stages.stage_order,
    counted.dimension_value,
    counted.entered_count,
    counted.record_count,
    counted.re_entered_count,
    coalesce(skipped.skipped_count, 0) as skipped_count,
    counted.forward_count,
    counted.backward_count,
    counted.recycled_count,
    counted.out_count,
    counted.open_count,
    coalesce(stuck.stuck_count, 0) as stuck_count,
    stuck.stuck_value_amount,
    durations.lower_quartile_days,
    durations.median_days,
    durations.median_days_lower,
    durations.median_days_upper,
    durations.upper_quartile_days,
    durations.finished_mean_days,
    durations.finished_mean_bias_days,
    conversions.reached_stage as next_stage,
    conversions.within_days,
    conversions.mature_count,
    conversions.mature_reached_count,
    conversions.conversion_rate,
    conversions.conversion_rate_lower,
    conversions.conversion_rate_upper
from stages
inner join counted on stages.track = counted.track and stages.stage = counted.stage
left join skipped
    on
        counted.track = skipped.track
        and counted.stage = skipped.stage
        and counted.dimension_value = skipped.dimension_value
left join stuck
    on
        counted.track = stuck.track
        and counted.stage = stuck.stage
        and counted.dimension_value = stuck.dimension_value
left join durations
    on
        counted.track = durations.track
        and counted.stage = durations.stage
        and counted.dimension_value = durations.dimension_value
left join conversions
    on
        counted.track = conversions.track
        and counted.stage = conversions.entered_stage
        and counted.dimension_value = conversions.dimension_value
order by counted.dimension_value, stages.track, stages.stage_order = 0, stages.stage_order
