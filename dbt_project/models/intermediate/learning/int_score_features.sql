{%- set lead_attributes = [
    'job_function', 'seniority', 'persona', 'country', 'language', 'lead_source', 'product_interest',
] -%}
{%- set account_attributes = [
    'industry', 'employee_count', 'annual_revenue_amount', 'country', 'region', 'segment',
] -%}
with snapshots as (

    select lead_id, scored_date, scored_until, created_date, account_id as present_account_id
    from {{ ref('int_score_snapshots') }}

),

leads as (

    select
        *,
        {{ add_minutes('created_at', setting('touch_grace_minutes', 'int')) }} as latest_origin_at,
        {{ days_before('created_at', headline_look_back_days('lead')) }} as earliest_origin_at
    from {{ ref('leads') }}
    where not is_deleted

),

accounts as (

    select * from {{ ref('accounts') }}
    where not is_deleted

),

dated_attributes as (

    select * from {{ ref('int_attributes_dated') }}

),

account_identities as (

    select * from {{ ref('identity_map') }}
    where object_type = 'account' and is_current

),

opportunities as (

    select
        account_id,
        {{ latest_moment('created_at', 'created_at_precision') }} as opened_at,
        case when is_closed then {{ latest_moment('closed_at', 'closed_at_precision') }} end as closed_at,
        is_won
    from {{ ref('int_opportunities_dated') }}
    where account_id is not null and created_at is not null

),

content as (

    select content_id, funnel_phase from {{ ref('content') }}
    where not is_deleted and funnel_phase is not null

),

activities as (

    select
        activity_id,
        lead_id,
        activity_type,
        content_id,
        channel,
        is_touch,
        coalesce(actor = 'person', false) as is_inbound,
        occurred_at,
        occurred_date,
        case
            when is_known_by_day then {{ latest_moment('known_at', "'day'") }}
            else known_at
        end as known_at
    from {{ ref('int_activities_known') }}

),

-- The company that the person was known to belong to. Where a link has a history, today's does not reach back before
-- it: many a CRM gives a lead its company only with the deal.
linked_accounts as (

    select
        snapshots.lead_id,
        snapshots.scored_date,
        max(
            case when dated_attributes.recorded_at < snapshots.scored_until then dated_attributes.value end
        ) as account_id
    from snapshots
    inner join dated_attributes
        on
            dated_attributes.entity = 'leads'
            and dated_attributes.attribute = 'account_id'
            and snapshots.lead_id = dated_attributes.entity_id
            and (
                dated_attributes.valid_from < snapshots.scored_until
                and dated_attributes.valid_to >= snapshots.scored_until
            )
    group by snapshots.lead_id, snapshots.scored_date

),

moments as (

    select
        snapshots.lead_id,
        snapshots.scored_date,
        snapshots.scored_until,
        snapshots.created_date,
        case
            when linked_accounts.lead_id is null then snapshots.present_account_id
            else coalesce(account_identities.canonical_id, linked_accounts.account_id)
        end as account_id
    from snapshots
    left join linked_accounts
        on snapshots.lead_id = linked_accounts.lead_id and snapshots.scored_date = linked_accounts.scored_date
    left join account_identities on linked_accounts.account_id = account_identities.source_id

),

present_attributes as (

    {%- for attribute in lead_attributes %}
    select
        'leads' as entity,
        lead_id as entity_id,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as string) as value
    from leads
    union all
    {%- endfor %}
    {%- for attribute in account_attributes %}
    select
        'accounts' as entity,
        account_id as entity_id,
        '{{ attribute }}' as attribute,
        cast({{ attribute }} as string) as value
    from accounts
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

entities as (

    select 'leads' as entity, lead_id as entity_id, lead_id, scored_date, scored_until
    from moments
    union all
    select 'accounts' as entity, account_id as entity_id, lead_id, scored_date, scored_until
    from moments
    where account_id is not null

),

attributes_with_history as (

    select distinct entity, entity_id, attribute
    from dated_attributes

),

-- Of an attribute with a history only what was recorded by then counts, of any other the present value.
attributes as (

    select
        entities.lead_id,
        entities.scored_date,
        entities.entity,
        dated_attributes.attribute,
        trim(dated_attributes.value) as value
    from entities
    inner join dated_attributes
        on
            entities.entity = dated_attributes.entity
            and entities.entity_id = dated_attributes.entity_id
            and dated_attributes.recorded_at < entities.scored_until
            and dated_attributes.valid_to >= entities.scored_until
    where
        dated_attributes.attribute not in (
            'stage', 'stage_changed_at', 'email_key', 'email_domain', 'company_name', 'account_name', 'domain'
        )
        and dated_attributes.attribute not like '%\_id' escape '\'
    union all
    select
        entities.lead_id,
        entities.scored_date,
        entities.entity,
        present_attributes.attribute,
        trim(present_attributes.value) as value
    from entities
    inner join present_attributes
        on entities.entity = present_attributes.entity and entities.entity_id = present_attributes.entity_id
    left join attributes_with_history
        on
            present_attributes.entity = attributes_with_history.entity
            and present_attributes.entity_id = attributes_with_history.entity_id
            and present_attributes.attribute = attributes_with_history.attribute
    where attributes_with_history.entity is null

),

attributes_as_numbers as (

    select
        lead_id,
        scored_date,
        case entity when 'leads' then 'lead: ' else 'account: ' end || attribute as feature,
        value,
        {{ try_cast('value', 'double') }} as number_value
    from attributes
    where value is not null and value != ''

),

attribute_features as (

    select
        lead_id,
        scored_date,
        feature,
        case when {{ is_finite('number_value') }} then null else value end as text_value,
        case when {{ is_finite('number_value') }} then number_value end as number_value
    from attributes_as_numbers

),

-- The touch that made the lead, as int_leads_originated finds it, but only once it was known.
creation_touches as (

    select
        moments.lead_id,
        moments.scored_date,
        activities.channel,
        row_number() over (
            partition by moments.lead_id, moments.scored_date
            order by activities.occurred_at desc, activities.activity_id desc
        ) as touch_rank
    from moments
    inner join leads on moments.lead_id = leads.lead_id
    inner join activities
        on
            moments.lead_id = activities.lead_id
            and activities.is_touch
            and activities.known_at < moments.scored_until
            and activities.occurred_at > leads.earliest_origin_at
            and case
                when leads.created_at_precision = 'day' then activities.occurred_date <= moments.created_date
                else activities.occurred_at <= leads.latest_origin_at
            end

),

channel_features as (

    select
        lead_id,
        scored_date,
        'channel' as feature,
        channel as text_value,
        cast(null as double) as number_value
    from creation_touches
    where touch_rank = 1

),

-- A stay known only as of today says nothing about the past.
visits as (

    select
        visits.entity_id as lead_id,
        visits.position_on_track,
        visits.stage,
        visits.stage_role,
        {{ latest_moment('visits.entered_at', 'visits.entered_at_precision') }} as entered_at,
        {{ local_date('visits.entered_at', 'visits.entered_at_precision') }} as entered_date
    from {{ ref('int_stage_visits') }} as visits
    where visits.track = 'lead' and not visits.is_left_truncated and visits.entered_at is not null

),

stages_so_far as (

    select
        moments.lead_id,
        moments.scored_date,
        max_by(visits.stage, visits.position_on_track) as stage,
        max_by(visits.entered_date, visits.position_on_track) as entered_date,
        sum(case when visits.stage_role = 'recycled' then 1 else 0 end) as recycled_count
    from moments
    inner join visits on moments.lead_id = visits.lead_id and visits.entered_at < moments.scored_until
    group by moments.lead_id, moments.scored_date

),

days_in_stages as (

    select
        *,
        {{ whole_days_between('entered_date', 'scored_date') }} as days_in_stage
    from stages_so_far

),

stage_features as (

    select lead_id, scored_date, 'stage' as feature, stage as text_value, cast(null as double) as number_value
    from days_in_stages
    union all
    select lead_id, scored_date, 'days in stage', null, days_in_stage
    from days_in_stages
    union all
    -- A week in one stage is long, in another nothing: the two say more together.
    select
        lead_id,
        scored_date,
        'stage and days in it',
        case
            when days_in_stage < 2 then stage || ', under 2 days'
            when days_in_stage < 7 then stage || ', under 7 days'
            when days_in_stage < 30 then stage || ', under 30 days'
            when days_in_stage < 90 then stage || ', under 90 days'
            else stage || ', 90 days or more'
        end,
        null
    from days_in_stages
    union all
    select lead_id, scored_date, 'times recycled', null, cast(recycled_count as double)
    from days_in_stages
    where recycled_count > 0

),

-- In whole days: the hour of a first day's end would tell who had a deal before it.
age_features as (

    select
        lead_id,
        scored_date,
        'days since creation' as feature,
        cast(null as string) as text_value,
        {{ whole_days_between('created_date', 'scored_date') }} as number_value
    from moments

),

deals_of_accounts as (

    select
        moments.lead_id,
        moments.scored_date,
        max(case when opportunities.is_won and opportunities.closed_at < moments.scored_until then 1 else 0 end)
            as is_customer,
        sum(
            case
                when opportunities.closed_at is null or opportunities.closed_at >= moments.scored_until then 1
                else 0
            end
        ) as open_count,
        sum(
            case when not opportunities.is_won and opportunities.closed_at < moments.scored_until then 1 else 0 end
        ) as lost_count
    from moments
    inner join opportunities
        on moments.account_id = opportunities.account_id and opportunities.opened_at < moments.scored_until
    group by moments.lead_id, moments.scored_date

),

colleagues as (

    select account_id, lead_id, {{ latest_moment('created_at', 'created_at_precision') }} as created_at
    from leads
    where account_id is not null

),

colleagues_so_far as (

    select moments.lead_id, moments.scored_date, count(*) as colleague_count
    from moments
    inner join colleagues
        on
            moments.account_id = colleagues.account_id
            and moments.lead_id != colleagues.lead_id
            and colleagues.created_at < moments.scored_until
    group by moments.lead_id, moments.scored_date

),

account_features as (

    select
        lead_id,
        scored_date,
        'account is a customer' as feature,
        'yes' as text_value,
        cast(null as double) as number_value
    from deals_of_accounts
    where is_customer = 1
    union all
    select lead_id, scored_date, 'open deals of the account', null, cast(open_count as double)
    from deals_of_accounts
    where open_count > 0
    union all
    select lead_id, scored_date, 'lost deals of the account', null, cast(lost_count as double)
    from deals_of_accounts
    where lost_count > 0
    union all
    select lead_id, scored_date, 'colleagues', null, cast(colleague_count as double)
    from colleagues_so_far

),

activities_so_far as (

    select
        moments.lead_id,
        moments.scored_date,
        activities.activity_type,
        content.funnel_phase,
        activities.is_inbound,
        activities.occurred_date,
        {{ whole_days_between('activities.occurred_date', 'moments.scored_date') }} as days_ago
    from moments
    inner join activities on moments.lead_id = activities.lead_id and activities.known_at < moments.scored_until
    left join content on activities.content_id = content.content_id

),

counted_activities as (

    select
        lead_id,
        scored_date,
        activity_type,
        count(*) as ever_count,
        sum(case when days_ago < 30 then 1 else 0 end) as recent_count
    from activities_so_far
    group by lead_id, scored_date, activity_type

),

counted_phases as (

    select lead_id, scored_date, funnel_phase, count(*) as ever_count
    from activities_so_far
    where funnel_phase is not null
    group by lead_id, scored_date, funnel_phase

),

engagement as (

    select
        lead_id,
        scored_date,
        min(case when is_inbound then days_ago end) as days_since_inbound,
        count(distinct case when is_inbound and days_ago < 30 then occurred_date end) as active_day_count
    from activities_so_far
    group by lead_id, scored_date

),

activity_features as (

    select
        lead_id,
        scored_date,
        'activities: ' || activity_type as feature,
        cast(null as string) as text_value,
        cast(ever_count as double) as number_value
    from counted_activities
    union all
    select lead_id, scored_date, 'activities in 30 days: ' || activity_type, null, cast(recent_count as double)
    from counted_activities
    where recent_count > 0
    union all
    select lead_id, scored_date, 'content of phase: ' || funnel_phase, null, cast(ever_count as double)
    from counted_phases
    union all
    select lead_id, scored_date, 'days since anything inbound', null, cast(days_since_inbound as double)
    from engagement
    where days_since_inbound is not null
    union all
    select lead_id, scored_date, 'active days in 30 days', null, cast(active_day_count as double)
    from engagement
    where active_day_count > 0

),

features as (

    select lead_id, scored_date, feature, text_value, number_value from attribute_features
    union all
    select lead_id, scored_date, feature, text_value, number_value from channel_features
    union all
    select lead_id, scored_date, feature, text_value, number_value from stage_features
    union all
    select lead_id, scored_date, feature, text_value, number_value from age_features
    union all
    select lead_id, scored_date, feature, text_value, number_value from account_features
    union all
    select lead_id, scored_date, feature, text_value, number_value from activity_features

)

select * from features
