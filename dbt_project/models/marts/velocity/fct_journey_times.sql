{#- In the order in which they should come; columns of distances are named after them. -#}
{%- set milestones = ['first_touch', 'lead', 'mql', 'sql', 'opportunity', 'close'] -%}

with opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

precisions as (

    select opportunity_id, created_at_precision, closed_at_precision
    from {{ ref('int_opportunities_dated') }}

),

leads as (

    select lead_id, account_id, created_at, created_at_precision
    from {{ ref('int_leads_described') }}

),

touches_known as (

    select
        activities.activity_id,
        activities.lead_id,
        coalesce(activities.account_id, leads.account_id) as account_id,
        activities.occurred_at,
        activities.occurred_at_precision,
        {{ local_date('activities.occurred_at', 'activities.occurred_at_precision') }} as occurred_date
    from {{ ref('int_activities_classified') }} as activities
    left join leads on activities.lead_id = leads.lead_id
    where activities.is_touch

),

-- Of the primary lead or of anybody of the company; a touch of both comes twice and is the same touch.
touches_of_opportunities as (

    select
        opportunities.opportunity_id, touches_known.activity_id, touches_known.lead_id, touches_known.occurred_at,
        touches_known.occurred_at_precision, touches_known.occurred_date
    from opportunities
    inner join touches_known on opportunities.account_id = touches_known.account_id
    union
    select
        opportunities.opportunity_id, touches_known.activity_id, touches_known.lead_id, touches_known.occurred_at,
        touches_known.occurred_at_precision, touches_known.occurred_date
    from opportunities
    inner join touches_known on opportunities.primary_lead_id = touches_known.lead_id

),

touches_ranked as (

    select
        touches.*,
        row_number() over (
            partition by touches.opportunity_id order by touches.occurred_at, touches.activity_id
        ) as touch_rank
    from touches_of_opportunities as touches
    inner join opportunities on touches.opportunity_id = opportunities.opportunity_id
    inner join precisions on touches.opportunity_id = precisions.opportunity_id
    where
        touches.occurred_at <= opportunities.created_at
        or (precisions.created_at_precision = 'day' and touches.occurred_date <= opportunities.created_date)

),

first_touches as (

    select * from touches_ranked
    where touch_rank = 1

),

stages_of_roles as (

    select stage_role, min(stage_order) as stage_order
    from {{ ref('lifecycle_stages') }}
    where track = 'lead' and stage_role in ('marketing_qualified', 'sales_qualified')
    group by stage_role

),

arrivals_ranked as (

    select
        visits.entity_id as lead_id,
        stages_of_roles.stage_role,
        visits.entered_at,
        visits.entered_at_precision,
        visits.is_left_truncated,
        row_number() over (
            partition by visits.entity_id, stages_of_roles.stage_role order by visits.position_on_track
        ) as arrival_rank
    from {{ ref('int_stage_visits') }} as visits
    inner join stages_of_roles on visits.stage_order >= stages_of_roles.stage_order
    where visits.track = 'lead'

),

-- Where the beginning of the first such stay is unknown, so is the arrival.
arrivals as (

    select * from arrivals_ranked
    where arrival_rank = 1 and not is_left_truncated and entered_at is not null

),

arrivals_of_opportunities as (

    select
        opportunities.opportunity_id,
        arrivals.stage_role,
        arrivals.entered_at,
        arrivals.entered_at_precision
    from opportunities
    inner join precisions on opportunities.opportunity_id = precisions.opportunity_id
    inner join arrivals on opportunities.primary_lead_id = arrivals.lead_id
    where
        arrivals.entered_at <= opportunities.created_at
        or (
            precisions.created_at_precision = 'day'
            and {{ local_date('arrivals.entered_at', 'arrivals.entered_at_precision') }} <= opportunities.created_date
        )

),

contacts as (

    select
        opportunity_contacts.opportunity_id,
        cast(count(distinct opportunity_contacts.lead_id) as bigint) as contact_count
    from {{ ref('opportunity_contacts') }} as opportunity_contacts
    inner join leads on opportunity_contacts.lead_id = leads.lead_id
    where not opportunity_contacts.is_deleted
    group by opportunity_contacts.opportunity_id

),

moments as (

    select
        opportunities.opportunity_id,
        first_touches.occurred_at as first_touch_at,
        first_touches.occurred_at_precision as first_touch_precision,
        first_touches.lead_id as first_touch_lead_id,
        leads.created_at as lead_at,
        leads.created_at_precision as lead_precision,
        mql.entered_at as mql_at,
        mql.entered_at_precision as mql_precision,
        sql.entered_at as sql_at,
        sql.entered_at_precision as sql_precision,
        opportunities.created_at as opportunity_at,
        precisions.created_at_precision as opportunity_precision,
        opportunities.closed_at as close_at,
        precisions.closed_at_precision as close_precision
    from opportunities
    inner join precisions on opportunities.opportunity_id = precisions.opportunity_id
    left join leads on opportunities.primary_lead_id = leads.lead_id
    left join first_touches on opportunities.opportunity_id = first_touches.opportunity_id
    left join arrivals_of_opportunities as mql
        on opportunities.opportunity_id = mql.opportunity_id and mql.stage_role = 'marketing_qualified'
    left join arrivals_of_opportunities as sql
        on opportunities.opportunity_id = sql.opportunity_id and sql.stage_role = 'sales_qualified'

),

milestones as (

    select
        {%- for milestone in milestones %}
        {{ local_date('moments.' ~ milestone ~ '_at', 'moments.' ~ milestone ~ '_precision') }} as {{ milestone }}_date,
        {%- endfor %}
        moments.*
    from moments

),

timed as (

    select
        milestones.opportunity_id,
        opportunities.account_id,
        opportunities.primary_lead_id,
        opportunities.primary_lead_rule,
        opportunities.opportunity_type,
        milestones.first_touch_at,
        milestones.first_touch_lead_id,
        milestones.lead_at as lead_created_at,
        milestones.mql_at,
        milestones.sql_at,
        milestones.opportunity_at as created_at,
        opportunities.created_date,
        milestones.close_at as closed_at,
        {%- for milestone in milestones[1:] %}
        {{ ordered_days(milestones[loop.index0], milestone) }}
            as {{ milestones[loop.index0] }}_to_{{ milestone }}_days,
        {%- endfor %}
        {%- for milestone in milestones[2:] %}
        {{ ordered_days('first_touch', milestone) }} as first_touch_to_{{ milestone }}_days,
        {%- endfor %}
        {{ is_out_of_order(milestones) }} as is_out_of_order,
        opportunities.is_won,
        opportunities.is_closed,
        coalesce(contacts.contact_count, 0) as contact_count,
        opportunities.channel,
        opportunities.campaign_id,
        opportunities.persona,
        opportunities.segment,
        opportunities.product
    from milestones
    inner join opportunities on milestones.opportunity_id = opportunities.opportunity_id
    left join contacts on milestones.opportunity_id = contacts.opportunity_id

)

select * from timed
