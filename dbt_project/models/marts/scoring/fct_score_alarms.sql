with limits as (

    select * from {{ ref('score_alarms') }}

),

build as (

    select
        {{ local_date(as_of()) }} as today_date,
        {{ setting('conversion_horizon_days', 'int') }} as horizon_days,
        {{ setting('least_group_count', 'bigint') }} as least_group_count,
        {{ setting('score_version', 'int') }} as version_in_force

),

-- The last month that is over, and the last one whose leads have all had the time in which a conversion counts.
last_months as (

    select
        build.*,
        {{ month_start(add_days(month_start('today_date'), -1)) }} as last_month_start_date,
        {{ month_start(
            add_days(month_start(add_days('today_date', '-horizon_days')), -1)
        ) }} as last_mature_month_start_date
    from build

),

months as (

    select
        last_months.*,
        {{ month_number('last_month_start_date') }} as last_month_number,
        {{ month_number('last_mature_month_start_date') }} as last_mature_month_number
    from last_months

),

metrics as (

    select * from {{ ref('fct_score_metrics') }}

),

drift as (

    select * from {{ ref('fct_score_drift') }}

),

scores as (

    select
        score_version,
        lead_id,
        month_start_date,
        {{ comparable_score('score') }} as score,
        is_reached,
        split,
        count(probability) over (partition by score_version) = 0 as is_of_rules
    from {{ ref('int_scores_judged') }}

),

rules as (

    select
        'rules ' || cast(rules.score_version as string) as score_version,
        rules.score_version = build.version_in_force as is_in_force,
        case when rules.valid_from <= build.today_date then rules.valid_from end as began_date,
        case when rules.valid_to <= build.today_date then rules.valid_to end as ended_date,
        build.today_date
    from {{ ref('scoring_rules') }} as rules
    cross join build

),

-- Rules that are computed beside those in force are a trial.
versions_on_trial as (

    select score_version
    from rules
    where not is_in_force
    group by score_version

),

rule_versions as (

    select scores.score_version
    from scores
    left join versions_on_trial on scores.score_version = versions_on_trial.score_version
    where scores.is_of_rules and versions_on_trial.score_version is null
    group by scores.score_version

),

visits as (

    select
        visits.lead_id,
        visits.entered_at,
        visits.entered_date,
        stages.stage,
        stages.stage_role
    from {{ ref('fct_lead_stage_visits') }} as visits
    inner join {{ ref('dim_stages') }} as stages on visits.stage = stages.stage
    where
        stages.track = 'lead'
        and stages.stage_role in ('sales_qualified', 'opportunity')
        and visits.entered_at is not null
        and not visits.is_left_truncated

),

accepted as (

    select
        stage,
        lead_id,
        min(entered_at) as accepted_at,
        {{ month_number('min(entered_date)') }} as month_number
    from visits
    where stage_role = 'sales_qualified'
    group by stage, lead_id

),

deals as (

    select
        lead_id,
        entered_at as opened_at
    from visits
    where stage_role = 'opportunity'
    union all
    select
        primary_lead_id,
        created_at
    from {{ ref('fct_opportunities') }}
    where {{ is_own_deal('primary_lead_rule') }}

),

accepted_with_deals as (

    select
        accepted.stage,
        accepted.lead_id,
        accepted.month_number,
        max(case when deals.lead_id is not null then 1 else 0 end) as deal_count
    from accepted
    cross join build
    left join deals
        on
            accepted.lead_id = deals.lead_id
            and deals.opened_at >= accepted.accepted_at
            and {{ days_between('accepted.accepted_at', 'deals.opened_at') }} <= build.horizon_days
    group by accepted.stage, accepted.lead_id, accepted.month_number

),

accepted_history as (

    select
        stage,
        min(month_number) as first_month_number
    from accepted
    group by stage

),

accepted_counted as (

    select
        accepted_with_deals.stage,
        months.last_mature_month_start_date as month_start_date,
        months.least_group_count,
        accepted_with_deals.month_number = months.last_mature_month_number as is_last,
        count(*) as lead_count,
        sum(accepted_with_deals.deal_count) / cast(count(*) as double) as deal_rate
    from months
    -- The month in which a history begins is seldom whole.
    inner join accepted_history on accepted_history.first_month_number < months.last_mature_month_number - 3
    inner join accepted_with_deals
        on
            accepted_history.stage = accepted_with_deals.stage
            and accepted_with_deals.month_number
            between months.last_mature_month_number - 3 and months.last_mature_month_number
    group by
        accepted_with_deals.stage,
        months.last_mature_month_start_date,
        months.least_group_count,
        accepted_with_deals.month_number = months.last_mature_month_number

),

too_low as (

    select
        limits.alarm,
        '(all)' as score_version,
        now_accepted.stage as subject,
        now_accepted.month_start_date,
        now_accepted.deal_rate as value,
        (1.0 - limits.limit_value) * before.deal_rate as limit_value,
        before.deal_rate as before_value,
        now_accepted.lead_count,
        before.lead_count as before_lead_count
    from limits
    inner join accepted_counted as now_accepted on now_accepted.is_last
    inner join accepted_counted as before on now_accepted.stage = before.stage and not before.is_last
    where
        limits.alarm = 'threshold_too_low'
        and now_accepted.lead_count >= now_accepted.least_group_count
        and before.lead_count >= before.least_group_count
        and now_accepted.lead_count > (1.0 + limits.limit_value) * before.lead_count / 3.0
        and now_accepted.deal_rate < (1.0 - limits.limit_value) * before.deal_rate

),

recorded as (

    select
        stage,
        agreement,
        {{ month_number(local_date('recorded_at')) }} as month_number
    from {{ ref('fct_stage_agreements') }}
    where recorded_at is not null

),

recorded_counted as (

    select
        recorded.stage,
        months.last_month_start_date as month_start_date,
        months.least_group_count,
        recorded.month_number = months.last_month_number as is_last,
        count(*) as lead_count,
        count(case when recorded.agreement = 'late' then 1 end) / cast(count(*) as double) as late_rate
    from months
    inner join recorded
        on recorded.month_number between months.last_month_number - 3 and months.last_month_number
    group by
        recorded.stage,
        months.last_month_start_date,
        months.least_group_count,
        recorded.month_number = months.last_month_number

),

too_high as (

    select
        limits.alarm,
        '(all)' as score_version,
        now_recorded.stage as subject,
        now_recorded.month_start_date,
        now_recorded.late_rate as value,
        limits.limit_value,
        before.late_rate as before_value,
        now_recorded.lead_count,
        before.lead_count as before_lead_count
    from limits
    inner join recorded_counted as now_recorded on now_recorded.is_last
    left join recorded_counted as before on now_recorded.stage = before.stage and not before.is_last
    where
        limits.alarm = 'threshold_too_high'
        and now_recorded.lead_count >= now_recorded.least_group_count
        and now_recorded.late_rate > limits.limit_value

),

low_auc as (

    select
        limits.alarm,
        metrics.score_version,
        'auc' as subject,
        metrics.last_month_start_date as month_start_date,
        metrics.value,
        limits.limit_value,
        cast(null as double) as before_value,
        metrics.lead_count,
        cast(null as bigint) as before_lead_count
    from metrics
    inner join rule_versions on metrics.score_version = rule_versions.score_version
    inner join limits on metrics.value < limits.limit_value
    where limits.alarm = 'auc_low' and metrics.metric = 'auc' and metrics.period_type = 'out_of_time'

),

-- Both have to have been asked the same: whoever reached it by one answer has reached it by the other.
compared as (

    select
        by_rules.score_version,
        learned.score_version as learned_version,
        by_rules.month_start_date,
        by_rules.score as rules_score,
        learned.score as learned_score,
        by_rules.is_reached,
        max(case when by_rules.is_reached != learned.is_reached then 1 else 0 end) over (
            partition by by_rules.score_version, learned.score_version
        ) = 0 as is_same_question
    from scores as by_rules
    inner join scores as learned
        on by_rules.lead_id = learned.lead_id and by_rules.month_start_date = learned.month_start_date
    where
        by_rules.is_of_rules
        and not learned.is_of_rules
        and learned.split = 'time_and_account'
        and by_rules.is_reached is not null
        and learned.is_reached is not null

),

compared_scores as (

    select score_version, learned_version, true as is_by_rules, rules_score as score, is_reached
    from compared
    where is_same_question
    union all
    select score_version, learned_version, false, learned_score, is_reached
    from compared
    where is_same_question

),

{{ ranking_quality('compared_scores', ['score_version', 'learned_version', 'is_by_rules']) }},

compared_through as (

    select
        score_version,
        learned_version,
        max(month_start_date) as month_start_date
    from compared
    group by score_version, learned_version

),

worse as (

    select
        limits.alarm,
        by_rules.score_version,
        by_rules.learned_version as subject,
        compared_through.month_start_date,
        by_rules.auc as value,
        learned.auc - limits.limit_value as limit_value,
        learned.auc as before_value,
        by_rules.lead_count,
        learned.lead_count as before_lead_count
    from limits
    cross join build
    inner join ranking_measured as by_rules on by_rules.is_by_rules
    inner join rule_versions on by_rules.score_version = rule_versions.score_version
    inner join ranking_measured as learned
        on
            by_rules.score_version = learned.score_version
            and by_rules.learned_version = learned.learned_version
            and not learned.is_by_rules
    inner join compared_through
        on
            by_rules.score_version = compared_through.score_version
            and by_rules.learned_version = compared_through.learned_version
    where
        limits.alarm = 'worse_than_learned'
        and by_rules.reached_count >= build.least_group_count
        and by_rules.lead_count - by_rules.reached_count >= build.least_group_count
        and by_rules.auc < learned.auc - limits.limit_value

),

miscalibrated as (

    select
        limits.alarm,
        metrics.score_version,
        'calibration_error' as subject,
        metrics.last_month_start_date as month_start_date,
        metrics.value,
        limits.limit_value + by_chance.value as limit_value,
        by_chance.value as before_value,
        metrics.lead_count,
        cast(null as bigint) as before_lead_count
    from metrics
    inner join metrics as by_chance
        on
            metrics.score_version = by_chance.score_version
            and metrics.period_type = by_chance.period_type
            and metrics.period_start_date = by_chance.period_start_date
    inner join limits on metrics.value > limits.limit_value + by_chance.value
    where
        limits.alarm = 'calibration_off'
        and metrics.metric = 'calibration_error'
        and by_chance.metric = 'calibration_error_by_chance'
        and metrics.period_type = 'out_of_time'

),

drifted as (

    select
        limits.alarm,
        case when drift.subject_type = 'score' then drift.subject else '(all)' end as score_version,
        drift.subject,
        drift.month_start_date,
        drift.psi as value,
        greatest(limits.limit_value, drift.chance_psi) as limit_value,
        before.psi as before_value,
        drift.lead_count,
        before.lead_count as before_lead_count
    from drift
    inner join months on drift.month_start_date = months.last_month_start_date
    left join versions_on_trial on drift.subject = versions_on_trial.score_version
    inner join limits
        on case when drift.subject_type = 'score' then 'score_drift' else 'input_drift' end = limits.alarm
    left join drift as before
        on
            drift.subject_type = before.subject_type
            and drift.subject = before.subject
            and before.month_start_date
            = {{ month_start(add_days('drift.month_start_date', -1)) }}
    where
        drift.psi > limits.limit_value
        and drift.psi > drift.chance_psi
        and versions_on_trial.score_version is null

),

-- A rule that ends is a change as well as one that begins; rules without a date are as old as the rest.
changed as (

    select
        score_version,
        today_date,
        greatest(max(began_date), max(ended_date)) as changed_date
    from rules
    where is_in_force
    group by score_version, today_date

),

stale as (

    select
        limits.alarm,
        changed.score_version,
        'scoring_rules' as subject,
        {{ month_start('changed.changed_date') }} as month_start_date,
        cast({{ days_from('changed.changed_date', 'changed.today_date') }} as double) as value,
        limits.limit_value,
        cast(null as double) as before_value,
        cast(null as bigint) as lead_count,
        cast(null as bigint) as before_lead_count
    from limits
    inner join changed
        on {{ days_from('changed.changed_date', 'changed.today_date') }} > limits.limit_value
    where limits.alarm = 'stale_rules'

),

looking_wrong as (

    select
        rule_findings.alarm,
        'rules ' || cast(rule_findings.score_version as string) as score_version,
        rule_findings.subject,
        {{ month_start('build.today_date') }} as month_start_date,
        rule_findings.value,
        rule_findings.limit_value,
        cast(null as double) as before_value,
        cast(null as bigint) as lead_count,
        cast(null as bigint) as before_lead_count
    from {{ ref('int_scoring_rule_findings') }} as rule_findings
    cross join build

),

findings as (

    select * from looking_wrong
    union all
    select * from too_low
    union all
    select * from too_high
    union all
    select * from low_auc
    union all
    select * from worse
    union all
    select * from miscalibrated
    union all
    select * from drifted
    union all
    select * from stale

),

described as (

    select
        findings.alarm,
        limits.severity,
        findings.score_version,
        findings.subject,
        findings.month_start_date,
        findings.value,
        findings.limit_value,
        findings.before_value,
        findings.lead_count,
        findings.before_lead_count,
        limits.description,
        limits.recommended_action
    from findings
    inner join limits on findings.alarm = limits.alarm

)

select * from described
