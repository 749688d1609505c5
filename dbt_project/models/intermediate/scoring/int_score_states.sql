with changes as (

    select * from {{ ref('fct_lead_score_changes') }}

),

criteria as (

    select * from {{ ref('qualification_criteria') }}

),

scored_leads as (

    select score_version, lead_id, min(changed_date) as first_changed_date
    from changes
    group by score_version, lead_id

),

-- Where other thresholds begin to hold, whoever stands between the old and the new crosses without doing anything.
criteria_bounds as (

    select valid_from as bound from criteria
    where valid_from is not null
    union
    select valid_to as bound from criteria
    where valid_to is not null

),

days as (

    select
        score_version,
        lead_id,
        scored_date,
        {{ add_days('scored_date', -1) }} as day_before,
        max(changed_at) as changed_at,
        max(occurred_at) as occurred_at
    from (
        select score_version, lead_id, changed_date as scored_date, changed_at, occurred_at from changes
        union all
        select
            scored_leads.score_version,
            scored_leads.lead_id,
            criteria_bounds.bound as scored_date,
            cast(null as timestamp) as changed_at,
            cast(null as timestamp) as occurred_at
        from scored_leads
        inner join criteria_bounds
            on
                scored_leads.first_changed_date < criteria_bounds.bound
                and criteria_bounds.bound <= {{ local_date(as_of()) }}
    ) as moments
    group by score_version, lead_id, scored_date

),

-- A score is a sum over groups: at the change of one of them the others stand where they have faded to.
states as (

    select
        days.score_version,
        days.lead_id,
        days.scored_date,
        days.changed_at,
        days.occurred_at,
        {{ score_sum(group_score_on('changes', 'days.scored_date', 'fit')) }} as fit_score,
        {{ score_sum(group_score_on('changes', 'days.scored_date', 'intent')) }} as intent_score,
        {{ score_sum(group_score_on('changes', 'days.day_before', 'fit')) }} as fit_score_before,
        {{ score_sum(group_score_on('changes', 'days.day_before', 'intent')) }} as intent_score_before
    from days
    inner join changes
        on
            days.score_version = changes.score_version
            and days.lead_id = changes.lead_id
            and days.scored_date >= changes.changed_date
            and days.scored_date <= coalesce(changes.next_changed_date, date '9999-12-31')
    group by days.score_version, days.lead_id, days.scored_date, days.changed_at, days.occurred_at

),

ended as (

    select
        *,
        lead(scored_date) over (partition by score_version, lead_id order by scored_date) as next_scored_date
    from states

)

select * from ended
