{#- What a signal is found by. Each branch reads the activities itself: a shared CTE of them would be stored whole. -#}
{%- set match_columns = {
    'any': none, 'content': 'content_id', 'activity.page': 'page', 'activity.channel': 'channel',
    'activity.outcome': 'outcome'
} -%}
{%- set conditions = {
    'matched': 'coalesce(signals.least_days, 1) <= 1', 'matched_to_repeat': 'signals.least_days > 1'
} -%}
with scoring_groups as (

    select
        *,
        row_number() over (order by score_version, rule_group) as group_number
    from {{ ref('scoring_groups') }}

),

-- Millions of events are grouped by the number of a version's group, faster than by its name.
signals as (

    select
        signals.*,
        scoring_groups.group_number,
        scoring_groups.points_cap,
        scoring_groups.half_life_days,
        scoring_groups.valid_days
    from {{ ref('int_scoring_signals') }} as signals
    inner join scoring_groups
        on
            signals.score_version = scoring_groups.score_version
            and signals.rule_group = scoring_groups.rule_group

),

{% for name, condition in conditions.items() -%}
{{ name }} as (

    {% for match_on, column in match_columns.items() -%}
    select
        signals.score_version,
        signals.rule_group,
        signals.group_number,
        signals.rule_id,
        signals.least_days,
        signals.within_days,
        signals.points,
        signals.points_cap,
        signals.half_life_days,
        signals.valid_days,
        activities.activity_id,
        activities.lead_id,
        activities.occurred_at,
        activities.occurred_date,
        activities.known_at,
        activities.known_date
    from {{ ref('int_activities_known') }} as activities
    inner join signals
        on
            activities.activity_type = signals.activity_type
            and coalesce(activities.actor, '') = signals.actor
            {%- if column %}
            and activities.{{ column }} = signals.match_key
            {%- endif %}
            and {{ is_valid_on('signals', 'activities.occurred_date') }}
    where signals.match_on = '{{ match_on }}' and {{ condition }}
    {%- if not loop.last %}
    union all
    {% endif -%}
    {% endfor %}

),

{% endfor -%}

-- What counts only where it happens again counts once a day, as what was known of that day first.
days_of_repeated as (

    select
        *,
        row_number() over (
            partition by score_version, rule_id, lead_id, occurred_date
            order by known_date, known_at, occurred_at, activity_id
        ) as match_number
    from matched_to_repeat

),

first_of_days as (

    select * from days_of_repeated
    where match_number = 1

),

-- It is known once the day itself is and enough others before it are: others learnt later change nothing.
days_before as (

    select
        first_of_days.*,
        greatest(first_of_days.known_at, earlier.known_at) as both_known_at,
        greatest(first_of_days.known_date, earlier.known_date) as both_known_date,
        row_number() over (
            partition by
                first_of_days.score_version, first_of_days.rule_id, first_of_days.lead_id, first_of_days.occurred_date
            order by earlier.known_date, earlier.known_at, earlier.occurred_date
        ) as day_number
    from first_of_days
    inner join first_of_days as earlier
        on
            first_of_days.score_version = earlier.score_version
            and first_of_days.rule_id = earlier.rule_id
            and first_of_days.lead_id = earlier.lead_id
            and first_of_days.occurred_date > earlier.occurred_date
            and {{ days_from('earlier.occurred_date', 'first_of_days.occurred_date') }} <= first_of_days.within_days

),

events as (

    select
        score_version,
        lead_id,
        rule_group,
        group_number,
        rule_id,
        activity_id,
        occurred_at,
        occurred_date,
        known_at,
        known_date,
        half_life_days,
        valid_days,
        points,
        points_cap
    from matched
    union all
    select
        score_version,
        lead_id,
        rule_group,
        group_number,
        rule_id,
        activity_id,
        occurred_at,
        occurred_date,
        both_known_at as known_at,
        both_known_date as known_date,
        half_life_days,
        valid_days,
        points,
        points_cap
    from days_before
    where day_number = least_days - 1

),

-- On most days a group earns less than its cap, and nothing need be put in order.
days_above_cap as (

    select lead_id, group_number, occurred_date
    from events
    group by lead_id, group_number, occurred_date
    having sum(abs(points)) > max(points_cap)

),

-- The cap takes from what is learnt last, so that a late event never changes what was counted before it.
running as (

    select
        events.*,
        sum(abs(events.points)) over (
            partition by events.lead_id, events.group_number, events.occurred_date
            order by events.known_date, events.occurred_at, events.activity_id, events.rule_id
            rows between unbounded preceding and current row
        ) as running_points
    from events
    inner join days_above_cap
        on
            events.lead_id = days_above_cap.lead_id
            and events.group_number = days_above_cap.group_number
            and events.occurred_date = days_above_cap.occurred_date

),

counted as (

    select
        events.score_version,
        events.lead_id,
        events.rule_group,
        events.rule_id,
        events.activity_id,
        events.occurred_at,
        events.occurred_date,
        events.known_at,
        events.known_date,
        events.half_life_days,
        events.valid_days,
        events.points,
        events.points as counted_points
    from events
    left join days_above_cap
        on
            events.lead_id = days_above_cap.lead_id
            and events.group_number = days_above_cap.group_number
            and events.occurred_date = days_above_cap.occurred_date
    where days_above_cap.lead_id is null
    union all
    select
        score_version,
        lead_id,
        rule_group,
        rule_id,
        activity_id,
        occurred_at,
        occurred_date,
        known_at,
        known_date,
        half_life_days,
        valid_days,
        points,
        sign(points) * (
            least(running_points, points_cap) - least(running_points - abs(points), points_cap)
        ) as counted_points
    from running

)

select * from counted
