with leads as (

    select * from {{ ref('int_leads_described') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

activities as (

    select
        {{ month_start(local_date('activities.occurred_at', 'activities.occurred_at_precision')) }} as month_start_date,
        count(*) as activities,
        count(activities.campaign_tag) as tagged_activities,
        count(activities.click_kind) as ad_clicks,
        count(case when activities.is_touch then 1 end) as touches,
        count(case when activity_types.is_web then 1 end) as web_activities
    from {{ ref('int_activities_classified') }} as activities
    left join {{ ref('activity_types') }} as activity_types on activities.activity_type = activity_types.activity_type
    group by
        {{ month_start(local_date('activities.occurred_at', 'activities.occurred_at_precision')) }}

),

spend as (

    select * from {{ ref('int_campaign_spend_valued') }}

),

pipeline_of_leads as (

    select primary_lead_id as lead_id, {{ exact_sum('pipeline_amount') }} as value_amount
    from opportunities
    where {{ is_own_deal('primary_lead_rule') }}
    group by primary_lead_id

),

pipeline_of_accounts as (

    select account_id, {{ exact_sum('pipeline_amount') }} as value_amount
    from opportunities
    where account_id is not null
    group by account_id

),

-- No source says when a company was entered: it counts from its first person on.
first_leads_of_accounts as (

    select account_id, min(created_date) as created_date
    from leads
    where account_id is not null
    group by account_id

),

cost_of_campaigns as (

    select campaign_id, {{ exact_sum('cost_amount') }} as value_amount
    from spend
    group by campaign_id

),

campaign_activities as (

    select distinct campaign_id, channel
    from {{ ref('int_activities_classified') }}
    where campaign_id is not null and is_touch

),

-- A campaign and its ad groups are one family: links may be tagged with the one where money is booked on the other.
campaigns as (

    select
        campaign_id,
        coalesce(case when is_ad_group then parent_campaign_id end, campaign_id) as family_id,
        start_date
    from {{ ref('campaigns') }}
    where not is_deleted

),

paid_campaigns as (

    select distinct campaigns.family_id
    from campaigns
    inner join campaign_activities on campaigns.campaign_id = campaign_activities.campaign_id
    inner join {{ ref('channels') }} as channels on campaign_activities.channel = channels.channel
    where channels.is_paid

),

judged_leads as (

    select distinct lead_id from {{ ref('fct_stage_agreements') }}

),

known_leads as (

    select
        leads.lead_id,
        leads.created_date,
        pipeline_of_leads.value_amount,
        judged_leads.lead_id is not null as is_judged
    from leads
    left join pipeline_of_leads on leads.lead_id = pipeline_of_leads.lead_id
    left join judged_leads on leads.lead_id = judged_leads.lead_id

),

records as (

    select
        'leads' as entity,
        lead_id as record_id,
        {{ month_start('created_date') }} as month_start_date,
        value_amount
    from known_leads
    union all
    select 'judged_leads', lead_id, {{ month_start('created_date') }}, value_amount
    from known_leads
    where is_judged
    union all
    select
        'accounts',
        accounts.account_id,
        {{ month_start('first_leads_of_accounts.created_date') }},
        pipeline_of_accounts.value_amount
    from {{ ref('accounts') }} as accounts
    left join first_leads_of_accounts on accounts.account_id = first_leads_of_accounts.account_id
    left join pipeline_of_accounts on accounts.account_id = pipeline_of_accounts.account_id
    where not accounts.is_deleted
    union all
    select 'opportunities', opportunity_id, {{ month_start('created_date') }}, pipeline_amount
    from opportunities
    union all
    select
        'campaigns', campaigns.campaign_id, {{ month_start('campaigns.start_date') }}, cost_of_campaigns.value_amount
    from campaigns
    left join cost_of_campaigns on campaigns.campaign_id = cost_of_campaigns.campaign_id
    union all
    select
        'paid_campaigns',
        paid_campaigns.family_id,
        {{ month_start('campaigns.start_date') }},
        cast(null as double)
    from paid_campaigns
    left join campaigns on paid_campaigns.family_id = campaigns.campaign_id
    union all
    select
        case when is_icp_field then 'icp_fields' else 'known_fields' end,
        field,
        cast(null as date),
        cast(null as double)
    from {{ ref('fct_icp_fill_rates') }}
    where owner_team = '(all)'

),

-- What has no id of its own is counted by the month.
days_of_others as (

    select
        'lead_stage_changes' as entity,
        {{ local_date('changed_at', 'changed_at_precision') }} as date_day
    from {{ ref('lead_stage_changes') }}
    where not is_deleted
    union all
    select 'opportunity_stage_changes', {{ local_date('changed_at', 'changed_at_precision') }}
    from {{ ref('opportunity_stage_changes') }}
    where not is_deleted
    union all
    select 'opportunity_contacts', opportunities.created_date
    from {{ ref('opportunity_contacts') }} as contacts
    left join opportunities on contacts.opportunity_id = opportunities.opportunity_id
    where not contacts.is_deleted
    union all
    select 'returns', started_date
    from {{ ref('fct_lead_handoffs') }}
    where clock = 'qualified' and return_reason is not null
    union all
    select 'spend', date from spend
    union all
    select 'costs', month_start_date from {{ ref('int_monthly_costs_valued') }}
    union all
    select 'media_months', month_start_date from {{ ref('int_media_costs_compared') }}
    union all
    select 'invoices', revenue_date from {{ ref('int_customer_revenue_valued') }}

),

counted as (

    select
        entity,
        {{ month_start('date_day') }} as month_start_date,
        count(*) as record_count
    from days_of_others
    group by entity, {{ month_start('date_day') }}
    {%- for entity in ['activities', 'tagged_activities', 'ad_clicks', 'touches', 'web_activities'] %}
    union all
    select '{{ entity }}', month_start_date, {{ entity }} from activities
    {%- endfor %}

),

audited as (

    select
        entity,
        record_id,
        month_start_date,
        cast(1 as bigint) as record_count,
        value_amount
    from records
    union all
    select
        entity,
        cast(null as string) as record_id,
        month_start_date,
        record_count,
        cast(null as double) as value_amount
    from counted

)

select * from audited
