with events as (

    select * from {{ ref('int_score_events') }}
    where counted_points != 0

),

fit_points as (

    select * from {{ ref('int_fit_points') }}

),

scoring_groups as (

    select * from {{ ref('scoring_groups') }}

),

-- What is learnt late has faded meanwhile. Decimals: their sum does not depend on the order of the parts.
earned as (

    select
        score_version,
        lead_id,
        rule_group,
        known_date as changed_date,
        cast(
            sum(
                cast(
                    counted_points
                    * {{ share_left('half_life_days', days_from('occurred_date', 'known_date')) }} as decimal(18, 12)
                )
            ) as double
        ) as earned_points,
        max(known_at) as changed_at,
        max(occurred_at) as occurred_at
    from events
    where valid_days is null or known_date < {{ add_days('occurred_date', 'valid_days') }}
    group by score_version, lead_id, rule_group, known_date

),

lapsed as (

    select
        score_version,
        lead_id,
        rule_group,
        {{ add_days('occurred_date', 'valid_days') }} as changed_date,
        {{ score_sum("-counted_points * " ~ share_left('half_life_days', 'valid_days')) }} as earned_points,
        cast(null as timestamp) as changed_at,
        cast(null as timestamp) as occurred_at
    from events
    where
        valid_days is not null
        and known_date < {{ add_days('occurred_date', 'valid_days') }}
        and {{ add_days('occurred_date', 'valid_days') }} <= {{ local_date(as_of()) }}
    group by score_version, lead_id, rule_group, {{ add_days('occurred_date', 'valid_days') }}

),

intent_changes as (

    select
        score_version,
        lead_id,
        rule_group,
        changed_date,
        sum(earned_points) as earned_points,
        max(changed_at) as changed_at,
        max(occurred_at) as occurred_at
    from (
        select * from earned
        union all
        select * from lapsed
    ) as parts
    group by score_version, lead_id, rule_group, changed_date

),

-- W = Σ points · 2^(days ÷ half-life) is additive, and the score of a day is W · 2^(−days ÷ half-life). Days count from
-- the first change less 1,000 half-lives, which spreads them over the whole range of a double.
intent_states as (

    select
        changes.score_version,
        changes.lead_id,
        changes.rule_group,
        changes.changed_date,
        changes.changed_at,
        changes.occurred_at,
        changes.earned_points,
        scoring_groups.dimension,
        scoring_groups.half_life_days,
        {{ days_from(
            'min(changes.changed_date) over (partition by changes.score_version, changes.lead_id, changes.rule_group)',
            'changes.changed_date'
        ) }} / scoring_groups.half_life_days - 1000 as half_lives
    from intent_changes as changes
    inner join scoring_groups
        on
            changes.score_version = scoring_groups.score_version
            and changes.rule_group = scoring_groups.rule_group

),

intent_scores as (

    select
        score_version,
        lead_id,
        dimension,
        rule_group,
        changed_date,
        changed_at,
        occurred_at,
        half_life_days,
        earned_points,
        sum(earned_points * coalesce(pow(2.0, half_lives), 1.0)) over (
            partition by score_version, lead_id, rule_group
            order by changed_date
            rows between unbounded preceding and current row
        ) * coalesce(pow(2.0, -half_lives), 1.0) as score
    from intent_states

),

fit_deltas as (

    select
        score_version,
        lead_id,
        rule_group,
        changed_date,
        sum(points) as points
    from (
        select score_version, lead_id, rule_group, valid_from as changed_date, points from fit_points
        union all
        select score_version, lead_id, rule_group, valid_to as changed_date, -points as points from fit_points
        where valid_to <= {{ local_date(as_of()) }}
    ) as bounds
    group by score_version, lead_id, rule_group, changed_date

),

fit_sums as (

    select
        *,
        sum(points) over (
            partition by score_version, lead_id, rule_group
            order by changed_date
            rows between unbounded preceding and current row
        ) as score
    from fit_deltas

),

fit_capped as (

    select
        fit_sums.score_version,
        fit_sums.lead_id,
        scoring_groups.dimension,
        fit_sums.rule_group,
        fit_sums.changed_date,
        greatest(least(fit_sums.score, scoring_groups.points_cap), -scoring_groups.points_cap) as score
    from fit_sums
    inner join scoring_groups
        on
            fit_sums.score_version = scoring_groups.score_version
            and fit_sums.rule_group = scoring_groups.rule_group

),

fit_steps as (

    select
        *,
        score - lag(score, 1, 0.0) over (
            partition by score_version, lead_id, rule_group order by changed_date
        ) as earned_points
    from fit_capped

),

changes as (

    select
        score_version,
        lead_id,
        dimension,
        rule_group,
        changed_date,
        changed_at,
        occurred_at,
        earned_points,
        score,
        half_life_days
    from intent_scores
    union all
    select
        score_version,
        lead_id,
        dimension,
        rule_group,
        changed_date,
        cast(null as timestamp) as changed_at,
        cast(null as timestamp) as occurred_at,
        earned_points,
        score,
        cast(null as double) as half_life_days
    from fit_steps
    where earned_points != 0

),

ended as (

    select
        score_version,
        lead_id,
        dimension,
        rule_group,
        changed_date,
        lead(changed_date) over (
            partition by score_version, lead_id, rule_group order by changed_date
        ) as next_changed_date,
        changed_at,
        occurred_at,
        earned_points,
        score,
        half_life_days
    from changes

)

select * from ended
