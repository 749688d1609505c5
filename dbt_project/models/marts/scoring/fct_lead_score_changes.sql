-- Millions of changes are put in order by the number of a version's group, faster than by its name.
with scoring_groups as (

    select
        *,
        row_number() over (order by score_version, rule_group) as group_number
    from {{ ref('scoring_groups') }}

),

events as (

    select
        events.lead_id,
        scoring_groups.group_number,
        events.occurred_at,
        events.occurred_date,
        events.known_at,
        events.known_date,
        events.half_life_days,
        events.valid_days,
        events.counted_points
    from {{ ref('int_score_events') }} as events
    inner join scoring_groups
        on
            events.score_version = scoring_groups.score_version
            and events.rule_group = scoring_groups.rule_group
    where events.counted_points != 0

),

fit_points as (

    select
        fit_points.*,
        scoring_groups.group_number
    from {{ ref('int_fit_points') }} as fit_points
    inner join scoring_groups
        on
            fit_points.score_version = scoring_groups.score_version
            and fit_points.rule_group = scoring_groups.rule_group

),

-- What is learnt late has faded meanwhile; what lapses takes what is left.
parts as (

    select
        lead_id,
        group_number,
        known_date as changed_date,
        counted_points * {{ share_left('half_life_days', days_from('occurred_date', 'known_date')) }} as points,
        known_at as changed_at,
        occurred_at,
        half_life_days
    from events
    where valid_days is null or known_date < {{ add_days('occurred_date', 'valid_days') }}
    union all
    select
        lead_id,
        group_number,
        {{ add_days('occurred_date', 'valid_days') }} as changed_date,
        -counted_points * {{ share_left('half_life_days', 'valid_days') }} as points,
        cast(null as timestamp) as changed_at,
        cast(null as timestamp) as occurred_at,
        half_life_days
    from events
    where
        known_date < {{ add_days('occurred_date', 'valid_days') }}
        and {{ add_days('occurred_date', 'valid_days') }} <= {{ local_date(as_of()) }}

),

-- W = Σ points · 2^(days ÷ half-life) is additive; the score of a day is W · 2^(−days ÷ half-life). Days are counted
-- to today plus 1,000 half-lives, which spreads 2,000 of them over the whole range of a double. What the powers lose in
-- rounding lies below the twelfth decimal.
intent_changes as (

    select
        lead_id,
        group_number,
        changed_date,
        {{ score_sum('points') }} as earned_points,
        max(changed_at) as changed_at,
        max(occurred_at) as occurred_at,
        max(half_life_days) as half_life_days,
        coalesce(
            1000 - {{ days_from('changed_date', local_date(as_of())) }} / max(half_life_days), 0.0
        ) as half_lives
    from parts
    group by lead_id, group_number, changed_date

),

intent_scores as (

    select
        lead_id,
        group_number,
        changed_date,
        lead(changed_date) over (
            partition by lead_id, group_number order by changed_date
        ) as next_changed_date,
        changed_at,
        occurred_at,
        earned_points,
        round(
            sum(earned_points * pow(2.0, half_lives)) over (
                partition by lead_id, group_number
                order by changed_date
                rows between unbounded preceding and current row
            ) * pow(2.0, -half_lives),
            12
        ) as score,
        half_life_days
    from intent_changes

),

fit_deltas as (

    select
        lead_id,
        group_number,
        changed_date,
        sum(points) as points
    from (
        select lead_id, group_number, valid_from as changed_date, points from fit_points
        union all
        select lead_id, group_number, valid_to as changed_date, -points as points from fit_points
        where valid_to <= {{ local_date(as_of()) }}
    ) as bounds
    group by lead_id, group_number, changed_date

),

fit_sums as (

    select
        *,
        sum(points) over (
            partition by lead_id, group_number
            order by changed_date
            rows between unbounded preceding and current row
        ) as score
    from fit_deltas

),

fit_capped as (

    select
        fit_sums.lead_id,
        fit_sums.group_number,
        fit_sums.changed_date,
        greatest(least(fit_sums.score, scoring_groups.points_cap), -scoring_groups.points_cap) as score
    from fit_sums
    inner join scoring_groups on fit_sums.group_number = scoring_groups.group_number

),

fit_steps as (

    select
        *,
        score - lag(score, 1, 0.0) over (
            partition by lead_id, group_number order by changed_date
        ) as earned_points
    from fit_capped

),

changes as (

    select * from intent_scores
    union all
    select
        lead_id,
        group_number,
        changed_date,
        lead(changed_date) over (
            partition by lead_id, group_number order by changed_date
        ) as next_changed_date,
        cast(null as timestamp) as changed_at,
        cast(null as timestamp) as occurred_at,
        earned_points,
        score,
        cast(null as double) as half_life_days
    from fit_steps
    where earned_points != 0

),

named as (

    select
        scoring_groups.score_version,
        changes.lead_id,
        scoring_groups.dimension,
        scoring_groups.rule_group,
        changes.changed_date,
        changes.next_changed_date,
        changes.changed_at,
        changes.occurred_at,
        changes.earned_points,
        changes.score,
        changes.half_life_days
    from changes
    inner join scoring_groups on changes.group_number = scoring_groups.group_number

)

select * from named
