{#- How many of the kinds of activity that gave most of the intent are named. -#}
{%- set named_signals = 3 -%}

with leads as (

    select * from {{ ref('dim_leads') }}
    -- Neither one of our own people nor somebody who was merged into a record that we do not have.
    where is_net_new and not is_internal

),

owners as (

    select
        described.lead_id,
        described.owner_id,
        users.region as owner_region
    from {{ ref('int_leads_described') }} as described
    left join {{ ref('users') }} as users on described.owner_id = users.user_id and not users.is_deleted

),

contacts as (

    select * from {{ ref('contacts') }}
    where not is_deleted

),

accounts as (

    select account_id, account_name
    from {{ ref('dim_accounts') }}

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'lead'

),

scores as (

    select * from {{ ref('fct_lead_scores') }}
    where is_in_force

),

quadrants as (

    select * from {{ ref('score_quadrants') }}

),

rules as (

    select * from {{ ref('contact_list_rules') }}

),

consents as (

    select * from {{ ref('int_list_consents') }}

),

activity_types as (

    select * from {{ ref('activity_types') }}

),

activities as (

    select * from {{ ref('activities') }}
    where not is_deleted

),

handoffs as (

    select * from {{ ref('fct_lead_handoffs') }}

),

candidates_ranked as (

    select
        leads.lead_id,
        leads.account_id,
        leads.current_stage,
        leads.current_stage_entered_at,
        stages.stage_label,
        rules.list,
        rules.rationale,
        row_number() over (partition by leads.lead_id order by rules.priority) as rule_rank
    from leads
    inner join stages on leads.current_stage = stages.stage
    inner join scores on leads.lead_id = scores.lead_id
    inner join rules
        on stages.stage_role = rules.stage_role and (rules.quadrant is null or scores.quadrant = rules.quadrant)

),

candidates as (

    select
        candidates_ranked.*,
        consents.granted_at
    from candidates_ranked
    inner join consents
        on
            candidates_ranked.lead_id = consents.lead_id
            and candidates_ranked.list = consents.list
            and consents.is_allowed
    where candidates_ranked.rule_rank = 1

),

activities_of_candidates as (

    select
        activities.activity_id,
        activities.lead_id,
        activities.activity_type,
        activities.actor,
        activities.occurred_at,
        activities.occurred_at_precision
    from activities
    inner join candidates on activities.lead_id = candidates.lead_id

),

mails_refused as (

    select lead_id
    from consents
    where list = 'nurture' and withdrawn_at is not null

),

mailed as (

    select
        lead_id,
        max(case when activity_type = 'unsubscribed' then occurred_at end) as unsubscribed_at,
        max(case when activity_type = 'email_bounced' then occurred_at end) as bounced_at,
        max(
            case
                when activity_type in ('email_delivered', 'email_opened', 'email_clicked', 'email_replied')
                    then occurred_at
            end
        ) as arrived_at
    from activities_of_candidates
    group by lead_id

),

addresses_closed as (

    select
        candidates.lead_id
    from candidates
    left join mailed on candidates.lead_id = mailed.lead_id
    left join mails_refused on candidates.lead_id = mails_refused.lead_id
    where
        mails_refused.lead_id is not null
        -- Nothing has arrived since.
        or (mailed.bounced_at is not null and (mailed.arrived_at is null or mailed.arrived_at <= mailed.bounced_at))
        -- They have not asked for mails since.
        or (
            mailed.unsubscribed_at is not null
            and (
                candidates.list != 'nurture'
                or candidates.granted_at is null
                or candidates.granted_at <= mailed.unsubscribed_at
            )
        )

),

reachable as (

    select
        candidates.*,
        contacts.full_name,
        case when addresses_closed.lead_id is null then contacts.email end as email,
        contacts.phone,
        coalesce(accounts.account_name, contacts.company_name) as company_name
    from candidates
    inner join contacts on candidates.lead_id = contacts.lead_id
    left join addresses_closed on candidates.lead_id = addresses_closed.lead_id
    left join accounts on candidates.account_id = accounts.account_id

),

last_seen as (

    select
        activities.lead_id,
        activity_types.activity_label,
        activities.occurred_at,
        {{ local_date('activities.occurred_at', 'activities.occurred_at_precision') }} as occurred_date,
        row_number() over (
            partition by activities.lead_id order by activities.occurred_at desc, activities.activity_id desc
        ) as newest_first
    from activities_of_candidates as activities
    inner join activity_types on activities.activity_type = activity_types.activity_type
    where activities.actor = 'person' and not activity_types.is_exposure

),

signals as (

    select
        contributions.lead_id,
        activity_types.activity_label,
        row_number() over (
            partition by contributions.lead_id
            order by {{ exact_sum('contributions.points_now') }} desc, activity_types.activity_label asc
        ) as strongest_first
    from {{ ref('fct_lead_score_contributions') }} as contributions
    inner join candidates on contributions.lead_id = candidates.lead_id
    inner join activity_types on contributions.signal = activity_types.activity_type
    where
        contributions.dimension = 'intent'
        and contributions.score_version = {{ setting('score_version', 'int') }}
        and contributions.points_now > 0
    group by contributions.lead_id, activity_types.activity_label

),

signals_named as (

    select
        lead_id,
        {{ joined_text('lower(activity_label)', 'strongest_first') }} as signal_labels
    from signals
    where strongest_first <= {{ named_signals }}
    group by lead_id

),

answers_due as (

    select
        lead_id,
        due_at,
        sla_state,
        row_number() over (partition by lead_id order by attempt_number desc, due_at asc) as due_rank
    from handoffs
    where sla_state in ('running', 'past_due_open')

),

returns as (

    select
        lead_id,
        reason_group,
        nurture_track,
        return_due_date,
        row_number() over (partition by lead_id order by attempt_number desc, clock asc) as newest_first
    from handoffs
    where returned_at is not null

),

described as (

    select
        reachable.list,
        row_number() over (
            partition by reachable.list
            order by
                case when scores.is_good_fit then 0 else 1 end,
                scores.intent_score desc,
                scores.fit_score desc,
                answers_due.due_at asc nulls last,
                reachable.lead_id asc
        ) as list_rank,
        reachable.lead_id,
        reachable.account_id,
        reachable.full_name,
        reachable.email,
        reachable.phone,
        reachable.company_name,
        reachable.current_stage,
        scores.grade,
        scores.quadrant,
        scores.fit_score,
        scores.intent_score,
        scores.learned_probability,
        last_seen.activity_label as last_activity,
        last_seen.occurred_at as last_activity_at,
        concat(
            reachable.rationale,
            '; ', reachable.stage_label,
            coalesce(' since ' || cast({{ local_date('reachable.current_stage_entered_at') }} as string), ''),
            '; ', lower(quadrants.quadrant_label), ' (', scores.grade, ')',
            coalesce('; intent by ' || signals_named.signal_labels, ''),
            coalesce('; last seen ' || cast(last_seen.occurred_date as string), ''),
            case
                when reachable.list = 'nurture'
                    then coalesce('; returned: ' || replace(returns.reason_group, '_', ' '), '')
                else ''
            end
        ) as reason,
        scores.recommended_action,
        owners.owner_id,
        owners.owner_region,
        answers_due.sla_state,
        answers_due.due_at as sla_due_at,
        returns.nurture_track,
        returns.return_due_date
    from reachable
    inner join scores on reachable.lead_id = scores.lead_id
    inner join quadrants on scores.quadrant = quadrants.quadrant
    left join owners on reachable.lead_id = owners.lead_id
    left join last_seen on reachable.lead_id = last_seen.lead_id and last_seen.newest_first = 1
    left join signals_named on reachable.lead_id = signals_named.lead_id
    left join answers_due on reachable.lead_id = answers_due.lead_id and answers_due.due_rank = 1
    left join returns on reachable.lead_id = returns.lead_id and returns.newest_first = 1
    where reachable.email is not null or (reachable.list = 'call' and reachable.phone is not null)

)

select * from described
