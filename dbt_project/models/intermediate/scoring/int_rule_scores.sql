with snapshots as (

    select * from {{ ref('int_score_snapshots') }}

),

changes as (

    select * from {{ ref('fct_lead_score_changes') }}

),

events as (

    select * from {{ ref('int_score_events') }}
    where counted_points != 0

),

versions as (

    select distinct score_version from {{ ref('scoring_groups') }}

),

-- Whoever had a deal or was out before the first day ended is judged by what was known just before.
moments as (

    select
        lead_id,
        scored_date,
        scored_until,
        not is_today and {{ local_date('scored_until') }} = scored_date as is_cut_short
    from snapshots

),

scored_at_end_of_day as (

    select
        changes.score_version,
        moments.lead_id,
        moments.scored_date,
        {{ score_sum(group_score_on('changes', 'moments.scored_date', 'fit')) }} as fit_score,
        {{ score_sum(group_score_on('changes', 'moments.scored_date', 'intent')) }} as intent_score
    from moments
    inner join changes
        on
            moments.lead_id = changes.lead_id
            and moments.scored_date >= changes.changed_date
            and moments.scored_date < coalesce(changes.next_changed_date, date '9999-12-31')
    group by changes.score_version, moments.lead_id, moments.scored_date

),

intent_cut_short as (

    select
        events.score_version,
        moments.lead_id,
        moments.scored_date,
        {{ score_sum(
            "events.counted_points * " ~ share_left(
                'events.half_life_days', days_from('events.occurred_date', 'moments.scored_date')
            )
        ) }} as intent_score
    from moments
    inner join events
        on
            moments.lead_id = events.lead_id
            and moments.scored_until > events.known_at
            and (
                events.valid_days is null
                or {{ add_days('events.occurred_date', 'events.valid_days') }} > moments.scored_date
            )
    where moments.is_cut_short
    group by events.score_version, moments.lead_id, moments.scored_date

),

scores as (

    select
        versions.score_version,
        moments.lead_id,
        moments.scored_date,
        coalesce(scored_at_end_of_day.fit_score, 0.0) as fit_score,
        coalesce(
            case
                when moments.is_cut_short then intent_cut_short.intent_score else scored_at_end_of_day.intent_score
            end,
            0.0
        ) as intent_score
    from moments
    cross join versions
    left join scored_at_end_of_day
        on
            versions.score_version = scored_at_end_of_day.score_version
            and moments.lead_id = scored_at_end_of_day.lead_id
            and moments.scored_date = scored_at_end_of_day.scored_date
    left join intent_cut_short
        on
            versions.score_version = intent_cut_short.score_version
            and moments.lead_id = intent_cut_short.lead_id
            and moments.scored_date = intent_cut_short.scored_date

)

select * from scores
