with limits as (

    select * from {{ ref('score_alarms') }}

),

rules as (

    select
        scoring_rules.score_version,
        scoring_rules.rule_group,
        scoring_rules.rule_id,
        scoring_rules.points,
        scoring_groups.dimension,
        scoring_groups.purchase_order,
        least(scoring_rules.points, scoring_groups.points_cap) as most_points
    from {{ ref('scoring_rules') }} as scoring_rules
    inner join {{ ref('scoring_groups') }} as scoring_groups
        on
            scoring_rules.score_version = scoring_groups.score_version
            and scoring_rules.rule_group = scoring_groups.rule_group
    where scoring_rules.points != 0 and {{ is_valid_on('scoring_rules', local_date(as_of())) }}

),

criteria as (

    select * from {{ ref('qualification_criteria') }} as qualification_criteria
    where activity_type is null and least_intent > 0 and {{ is_valid_on(
        'qualification_criteria', local_date(as_of())
    ) }}

),

fired as (

    select score_version, rule_id from {{ ref('int_score_events') }}
    union
    select score_version, rule_id from {{ ref('int_fit_points') }}

),

too_many as (

    select
        limits.alarm,
        rules.score_version,
        'rules' as subject,
        cast(count(*) as double) as value,
        limits.limit_value
    from limits
    cross join rules
    where limits.alarm = 'too_many_rules'
    group by limits.alarm, rules.score_version, limits.limit_value
    having count(*) > limits.limit_value

),

never_fired as (

    select
        limits.alarm,
        rules.score_version,
        rules.rule_id as subject,
        0.0 as value,
        limits.limit_value
    from limits
    cross join rules
    left join fired
        on
            rules.score_version = fired.score_version
            and rules.rule_id = fired.rule_id
    where limits.alarm = 'rule_never_fires' and fired.rule_id is null

),

most_per_step as (

    select score_version, purchase_order, max(most_points) as most_points
    from rules
    where purchase_order is not null
    group by score_version, purchase_order

),

not_rising as (

    select
        limits.alarm,
        rules.score_version,
        rules.rule_id as subject,
        rules.most_points as value,
        min(most_per_step.most_points) as limit_value
    from limits
    cross join rules
    inner join most_per_step
        on
            rules.score_version = most_per_step.score_version
            and rules.purchase_order < most_per_step.purchase_order
            and rules.most_points > most_per_step.most_points
    where limits.alarm = 'points_not_rising'
    group by limits.alarm, rules.score_version, rules.rule_id, rules.most_points

),

cheap as (

    select
        limits.alarm,
        rules.score_version,
        rules.rule_id as subject,
        rules.most_points as value,
        min(criteria.least_intent) as limit_value
    from limits
    cross join rules
    inner join criteria on rules.most_points >= criteria.least_intent
    where limits.alarm = 'cheap_action_qualifies' and rules.purchase_order <= limits.limit_value
    group by limits.alarm, rules.score_version, rules.rule_id, rules.most_points

),

findings as (

    select * from too_many
    union all
    select * from never_fired
    union all
    select * from not_rising
    union all
    select * from cheap

)

select * from findings
