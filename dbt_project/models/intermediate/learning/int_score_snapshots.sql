{%- set today = local_date(as_of()) -%}
{%- set first_month = add_months(month_start(today), '-' ~ setting('score_history_months', 'int')) -%}
with leads as (

    select
        lead_id,
        account_id,
        {{ local_date('created_at', 'created_at_precision') }} as created_date,
        created_at as recorded_created_at,
        case
            when created_at_precision = 'day' then {{ to_utc('cast(created_at as date)') }}
            else created_at
        end as created_at
    from {{ ref('leads') }}
    where not is_deleted

),

opportunities as (

    select
        opportunity_id,
        {{ latest_moment('created_at', 'created_at_precision') }} as opened_at,
        case when is_won then {{ latest_moment('closed_at', 'closed_at_precision') }} end as won_at
    from {{ ref('int_opportunities_dated') }}
    where created_at is not null

),

own_deals as (

    select
        opportunity_leads.lead_id,
        min(opportunities.opened_at) as opened_at,
        min(opportunities.won_at) as won_at
    from {{ ref('int_opportunity_leads') }} as opportunity_leads
    inner join opportunities on opportunity_leads.opportunity_id = opportunities.opportunity_id
    where {{ is_own_deal('opportunity_leads.matched_by') }}
    group by opportunity_leads.lead_id

),

-- In these stages nobody waits for a deal: the person is out, or it is there.
stays_out as (

    select
        visits.entity_id as lead_id,
        {{ latest_moment('visits.entered_at', 'visits.entered_at_precision') }} as entered_at,
        coalesce(visits.exited_at, timestamp '9999-12-31 00:00:00') as exited_at,
        visits.is_current,
        -- What the record says only of today may have begun at any time since it was made.
        visits.is_left_truncated and visits.entered_at <= leads.recorded_created_at as is_undated
    from {{ ref('int_stage_visits') }} as visits
    inner join leads on visits.entity_id = leads.lead_id
    where visits.track = 'lead' and visits.stage_role in ('disqualified', 'opportunity')

),

dated_stays_out as (

    select * from stays_out
    where not is_undated

),

tracked as (

    select
        leads.lead_id,
        leads.account_id,
        leads.created_date,
        leads.created_at,
        {{ end_of_day('leads.created_date') }} as first_day_ended_at,
        own_deals.opened_at,
        own_deals.won_at
    from leads
    left join own_deals on leads.lead_id = own_deals.lead_id
    -- Whose deal is older than the person was never a lead.
    where own_deals.opened_at is null or own_deals.opened_at >= leads.created_at

),

-- A person who is out by the end of the first day left when the stay began that lasts over the day's end.
left_on_first_day as (

    select tracked.lead_id, min(dated_stays_out.entered_at) as left_at
    from tracked
    inner join dated_stays_out
        on
            tracked.lead_id = dated_stays_out.lead_id
            and tracked.first_day_ended_at > dated_stays_out.entered_at
            and tracked.first_day_ended_at <= dated_stays_out.exited_at
    group by tracked.lead_id

),

-- Whoever has a deal or is out before the first day ends is scored with what was known just before that.
first_days as (

    select
        tracked.lead_id,
        tracked.created_date as scored_date,
        greatest(
            tracked.created_at,
            least(tracked.first_day_ended_at, tracked.opened_at, left_on_first_day.left_at)
        ) as scored_until,
        {{ month_start('tracked.created_date') }} as month_start_date,
        false as is_today
    from tracked
    left join left_on_first_day on tracked.lead_id = left_on_first_day.lead_id

),

months as (

    select distinct {{ month_start('spine.date_day') }} as month_start_date
    from {{ days_from_to(first_month, today) }} as spine

),

month_beginnings as (

    select
        month_start_date,
        {{ add_days('month_start_date', -1) }} as scored_date,
        {{ to_utc('month_start_date') }} as scored_until
    from months

),

-- The lead of a month's last day is scored by its first day already.
later_months as (

    select
        tracked.lead_id,
        month_beginnings.scored_date,
        month_beginnings.scored_until,
        month_beginnings.month_start_date,
        false as is_today
    from tracked
    inner join month_beginnings on tracked.created_date < month_beginnings.scored_date
    left join dated_stays_out
        on
            tracked.lead_id = dated_stays_out.lead_id
            and month_beginnings.scored_until > dated_stays_out.entered_at
            and month_beginnings.scored_until <= dated_stays_out.exited_at
    where
        dated_stays_out.lead_id is null
        and (tracked.opened_at is null or tracked.opened_at >= month_beginnings.scored_until)

),

today as (

    select
        tracked.lead_id,
        {{ today }} as scored_date,
        {{ as_of() }} as scored_until,
        {{ month_start(today) }} as month_start_date,
        true as is_today
    from tracked
    left join stays_out on tracked.lead_id = stays_out.lead_id and stays_out.is_current
    where stays_out.lead_id is null and tracked.opened_at is null

),

snapshots as (

    select * from first_days
    where scored_until <= {{ as_of() }} and month_start_date >= (select min(months.month_start_date) from months)
    union all
    select * from later_months
    where scored_until <= {{ as_of() }}
    union all
    select * from today

),

with_horizons as (

    select
        snapshots.*,
        tracked.account_id,
        tracked.created_date,
        tracked.opened_at,
        tracked.won_at,
        {{ add_minutes('snapshots.scored_until', '1440 * ' ~ setting('score_opportunity_days', 'int')) }}
            as opportunity_until,
        {{ add_minutes('snapshots.scored_until', '1440 * ' ~ setting('score_won_days', 'int')) }} as won_until
    from snapshots
    inner join tracked on snapshots.lead_id = tracked.lead_id

),

-- An outcome is known once its whole horizon is over, also where it came early: else young months would hold successes
-- alone.
labelled as (

    select
        lead_id,
        account_id,
        instr('0123456789abcdef', substr(md5(coalesce(account_id, lead_id)), 1, 1)) % 4 as account_fold,
        scored_date,
        scored_until,
        month_start_date,
        is_today,
        created_date,
        case
            when opportunity_until <= {{ as_of() }} then coalesce(opened_at < opportunity_until, false)
        end as is_opportunity,
        case when won_until <= {{ as_of() }} then coalesce(won_at < won_until, false) end as is_won,
        {{ first_quarter_from('opportunity_until') }} as opportunity_learned_from,
        {{ first_quarter_from('won_until') }} as won_learned_from,
        md5(lead_id || cast(scored_date as string)) as sample_key
    from with_horizons

)

select * from labelled
