with criteria as (

    select
        *,
        coalesce(valid_from, date '0001-01-01') as holds_from,
        coalesce(valid_to, date '9999-12-31') as holds_to,
        activity_type is not null as needs_activity,
        least_fit is not null or least_intent is not null as needs_score
    from {{ ref('qualification_criteria') }}

),

leads as (

    select lead_id, segment from {{ ref('int_leads_described') }}

),

criteria_of_leads as (

    select
        criteria.*,
        leads.lead_id
    from criteria
    inner join leads
        on
            criteria.segment is null
            or {{ matches_pattern("coalesce(leads.segment, '')", 'criteria.segment') }}

),

activities as (

    select * from {{ ref('int_activities_known') }}

),

states as (

    select * from {{ ref('int_score_states') }}

),

changes as (

    select * from {{ ref('fct_lead_score_changes') }}

),

versions as (

    select distinct score_version from {{ ref('scoring_groups') }}

),

-- Patterns are matched once per kind of activity and actor, not once per activity.
kinds as (

    select activity_type, coalesce(actor, '') as actor
    from activities
    group by activity_type, coalesce(actor, '')

),

kinds_matched as (

    select
        criteria.criterion_id,
        criteria.holds_from,
        kinds.activity_type,
        kinds.actor
    from criteria
    inner join kinds
        on
            {{ matches_pattern('kinds.activity_type', 'criteria.activity_type') }}
            and {{ matches_pattern('kinds.actor', "coalesce(criteria.actor, '.*')") }}

),

matches as (

    select
        activities.lead_id,
        activities.occurred_at,
        activities.known_at,
        criteria_of_leads.criterion_id,
        criteria_of_leads.holds_from,
        coalesce(criteria_of_leads.least_count, 1) as least_count,
        coalesce(criteria_of_leads.within_days, 1) as within_days,
        row_number() over (
            partition by activities.lead_id, criteria_of_leads.criterion_id, criteria_of_leads.holds_from
            order by activities.occurred_at, activities.activity_id
        ) as match_number
    from activities
    inner join kinds_matched
        on
            activities.activity_type = kinds_matched.activity_type
            and coalesce(activities.actor, '') = kinds_matched.actor
    inner join criteria_of_leads
        on
            activities.lead_id = criteria_of_leads.lead_id
            and kinds_matched.criterion_id = criteria_of_leads.criterion_id
            and kinds_matched.holds_from = criteria_of_leads.holds_from
            and activities.occurred_date >= criteria_of_leads.holds_from
            and activities.occurred_date < criteria_of_leads.holds_to

),

-- So often in so many days: from the last of them until the first of them is so many days old.
signal_periods as (

    select
        matches.lead_id,
        matches.criterion_id,
        matches.holds_from,
        matches.occurred_at,
        greatest(matches.known_at, earliest.known_at) as met_from,
        {{ add_seconds('earliest.occurred_at', 'matches.within_days * 86400.0') }} as met_until
    from matches
    inner join matches as earliest
        on
            matches.lead_id = earliest.lead_id
            and matches.criterion_id = earliest.criterion_id
            and matches.holds_from = earliest.holds_from
            and matches.match_number - matches.least_count + 1 = earliest.match_number
            and {{ days_between('earliest.occurred_at', 'matches.occurred_at') }} <= matches.within_days

),

-- A score rises on the days of a change alone and fades between them: in each stretch it falls below at most once.
stretches as (

    select
        states.score_version,
        states.lead_id,
        states.scored_date,
        states.occurred_at,
        criteria_of_leads.criterion_id,
        criteria_of_leads.holds_from,
        criteria_of_leads.least_intent,
        {{ add_days("coalesce(states.next_scored_date, " ~ add_days(local_date(as_of()), 1) ~ ")", -1) }} as last_date,
        case
            when
                states.changed_at is not null
                and not (
                    states.fit_score_before >= coalesce(criteria_of_leads.least_fit, states.fit_score_before)
                    and states.intent_score_before
                    >= coalesce(criteria_of_leads.least_intent, states.intent_score_before)
                )
                then states.changed_at
            else cast(states.scored_date as timestamp)
        end as met_from
    from states
    inner join criteria_of_leads
        on
            states.lead_id = criteria_of_leads.lead_id
            and states.scored_date >= criteria_of_leads.holds_from
            and states.scored_date < criteria_of_leads.holds_to
            and criteria_of_leads.needs_score
            and states.fit_score >= coalesce(criteria_of_leads.least_fit, states.fit_score)
            and states.intent_score >= coalesce(criteria_of_leads.least_intent, states.intent_score)

),

groups_of_stretches as (

    select
        stretches.*,
        changes.changed_date,
        changes.next_changed_date,
        changes.dimension,
        changes.score,
        changes.half_life_days
    from stretches
    inner join changes
        on
            stretches.score_version = changes.score_version
            and stretches.lead_id = changes.lead_id
            and stretches.scored_date >= changes.changed_date
            and stretches.scored_date < coalesce(changes.next_changed_date, date '9999-12-31')
            and changes.dimension = 'intent'

),

-- All points that fade would be below the threshold after so many half-lives of the slowest.
stretches_fading as (

    select
        score_version,
        lead_id,
        criterion_id,
        holds_from,
        scored_date,
        least_intent,
        last_date,
        {{ score_sum("greatest(" ~ group_score_on('groups_of_stretches', 'scored_date', 'intent') ~ ", 0.0)") }}
            as most_points,
        max(half_life_days) as longest_half_life_days
    from groups_of_stretches
    where least_intent is not null
    group by score_version, lead_id, criterion_id, holds_from, scored_date, least_intent, last_date
    having {{ score_sum(group_score_on('groups_of_stretches', 'last_date', 'intent')) }} < least_intent

),

days as (

    select date_day from {{ ref('dim_dates') }}

),

days_met as (

    select
        fading.score_version,
        fading.lead_id,
        fading.criterion_id,
        fading.holds_from,
        fading.scored_date,
        days.date_day
    from stretches_fading as fading
    inner join days
        on
            fading.scored_date <= days.date_day
            and fading.last_date > days.date_day
            and (
                fading.least_intent <= 0
                or {{ days_from('fading.scored_date', 'days.date_day') }}
                <= fading.longest_half_life_days * log2(fading.most_points / fading.least_intent) + 1
            )
    inner join groups_of_stretches
        on
            fading.score_version = groups_of_stretches.score_version
            and fading.lead_id = groups_of_stretches.lead_id
            and fading.criterion_id = groups_of_stretches.criterion_id
            and fading.holds_from = groups_of_stretches.holds_from
            and fading.scored_date = groups_of_stretches.scored_date
    group by
        fading.score_version, fading.lead_id, fading.criterion_id, fading.holds_from, fading.scored_date, days.date_day,
        fading.least_intent
    having {{ score_sum(group_score_on('groups_of_stretches', 'days.date_day', 'intent')) }} >= fading.least_intent

),

last_days_met as (

    select score_version, lead_id, criterion_id, holds_from, scored_date, max(date_day) as last_date
    from days_met
    group by score_version, lead_id, criterion_id, holds_from, scored_date

),

score_periods as (

    select
        stretches.score_version,
        stretches.lead_id,
        stretches.criterion_id,
        stretches.holds_from,
        -- Where it was met as the day began, nothing of that day made it so.
        least(stretches.occurred_at, stretches.met_from) as occurred_at,
        stretches.met_from,
        cast({{ add_days('coalesce(last_days_met.last_date, stretches.last_date)', 1) }} as timestamp) as met_until
    from stretches
    left join last_days_met
        on
            stretches.score_version = last_days_met.score_version
            and stretches.lead_id = last_days_met.lead_id
            and stretches.criterion_id = last_days_met.criterion_id
            and stretches.holds_from = last_days_met.holds_from
            and stretches.scored_date = last_days_met.scored_date

),

periods as (

    select
        versions.score_version,
        signal_periods.lead_id,
        signal_periods.criterion_id,
        signal_periods.holds_from,
        signal_periods.occurred_at,
        signal_periods.met_from,
        signal_periods.met_until
    from signal_periods
    inner join criteria
        on
            signal_periods.criterion_id = criteria.criterion_id
            and signal_periods.holds_from = criteria.holds_from
            and not criteria.needs_score
    cross join versions
    union all
    select score_periods.* from score_periods
    inner join criteria
        on
            score_periods.criterion_id = criteria.criterion_id
            and score_periods.holds_from = criteria.holds_from
            and not criteria.needs_activity
    union all
    select
        score_periods.score_version,
        score_periods.lead_id,
        score_periods.criterion_id,
        score_periods.holds_from,
        greatest(score_periods.occurred_at, signal_periods.occurred_at) as occurred_at,
        greatest(score_periods.met_from, signal_periods.met_from) as met_from,
        least(score_periods.met_until, signal_periods.met_until) as met_until
    from score_periods
    inner join signal_periods
        on
            score_periods.lead_id = signal_periods.lead_id
            and score_periods.criterion_id = signal_periods.criterion_id
            and score_periods.holds_from = signal_periods.holds_from
            and score_periods.met_from <= signal_periods.met_until
            and signal_periods.met_from <= score_periods.met_until

),

met as (

    select
        periods.score_version,
        periods.lead_id,
        criteria.stage_role,
        periods.criterion_id,
        criteria.reached_by,
        periods.met_from,
        min(periods.occurred_at) as occurred_at,
        -- A late event may be known only after it has ceased to count; it was met at that moment all the same.
        greatest(max(periods.met_until), periods.met_from) as met_until
    from periods
    inner join criteria
        on
            periods.criterion_id = criteria.criterion_id
            and periods.holds_from = criteria.holds_from
    group by
        periods.score_version, periods.lead_id, criteria.stage_role, periods.criterion_id, criteria.reached_by,
        periods.met_from

)

select * from met
