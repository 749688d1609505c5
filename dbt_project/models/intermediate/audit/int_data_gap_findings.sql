{%- set mended = [
    ('leads', 'lead_id', ['country', 'persona', 'job_function', 'seniority', 'lead_source', 'product_interest']),
    ('accounts', 'account_id', ['industry', 'country', 'region', 'segment']),
    ('opportunities', 'opportunity_id', ['product', 'lost_reason']),
] -%}

with leads as (

    select * from {{ ref('int_leads_described') }}

),

opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

amounts as (

    select * from {{ ref('int_opportunities_valued') }}

),

records as (

    select * from {{ ref('int_audited_records') }}
    where record_id is not null

),

gaps as (

    select gap, entity from {{ ref('data_gaps') }}

),

-- Under which id each record of a source goes on.
identities as (

    select * from {{ ref('identity_map') }}
    where is_current

),

spellings as (

    select * from {{ ref('value_mappings') }}

),

{% for entity, id, columns in mended %}
{%- set wanted = {'source': 'string', id: 'string', 'is_deleted': 'boolean'} -%}
{%- for column in columns -%}{%- do wanted.update({column: 'string'}) -%}{%- endfor -%}
{%- if entity == 'leads' -%}
{%- do wanted.update({'email_key': 'string', 'merged_into_lead_id': 'string'}) -%}
{%- endif -%}
{{ entity }}_as_given as (
    {{ union_sources(entity, wanted) }}
),

mended_{{ entity }} as (

    {% for column in columns %}
    select coalesce(identities.canonical_id, as_given.{{ id }}) as entity_id
    from {{ entity }}_as_given as as_given
    left join identities
        on
            identities.object_type || 's' = '{{ entity }}'
            and as_given.source = identities.source
            and as_given.{{ id }} = identities.source_id
    inner join spellings on as_given.{{ column }} = spellings.source_value
    where
        spellings.entity = '{{ entity }}'
        and spellings.column_name = '{{ column }}'
        and not as_given.is_deleted
    {{ 'union' if not loop.last }}
    {% endfor %}

),

{% endfor %}
-- What a source itself calls one person (merged records, a lead that became a contact) is not recorded twice.
leads_with_emails as (

    select
        source,
        lead_id,
        count(*) over (partition by source, email_key) as record_count
    from leads_as_given
    where not is_deleted and merged_into_lead_id is null and email_key is not null

),

leads_recorded_twice as (

    select distinct coalesce(identities.canonical_id, leads_with_emails.lead_id) as lead_id
    from leads_with_emails
    left join identities
        on
            identities.object_type = 'lead'
            and leads_with_emails.source = identities.source
            and leads_with_emails.lead_id = identities.source_id
    where leads_with_emails.record_count > 1

),

accounts_on_domains as (

    select
        account_id,
        count(*) over (partition by source, {{ bare_domain('domain') }}) as account_count
    from {{ ref('accounts') }}
    where not is_deleted and domain is not null

),

activities as (

    select
        activities.*,
        {{ month_start(local_date('activities.occurred_at', 'activities.occurred_at_precision')) }} as month_start_date,
        activity_types.is_web
    from {{ ref('int_activities_classified') }} as activities
    left join {{ ref('activity_types') }} as activity_types on activities.activity_type = activity_types.activity_type

),

-- A campaign and its ad groups are one family: links may be tagged with the one where money is booked on the other.
campaigns as (

    select
        campaign_id,
        coalesce(case when is_ad_group then parent_campaign_id end, campaign_id) as family_id
    from {{ ref('campaigns') }}

),

families_with_activities as (

    select distinct coalesce(campaigns.family_id, activities.campaign_id) as family_id
    from activities
    left join campaigns on activities.campaign_id = campaigns.campaign_id
    where activities.campaign_id is not null

),

spend as (

    select
        spend.*,
        coalesce(campaigns.family_id, spend.campaign_id) as family_id,
        campaigns.campaign_id is not null as is_of_known_campaign,
        spend.campaign_id || ' ' || cast(spend.date as string) as campaign_day,
        count(*) over (partition by spend.campaign_id, spend.date) as report_count
    from {{ ref('int_campaign_spend_valued') }} as spend
    left join campaigns on spend.campaign_id = campaigns.campaign_id

),

invoices as (

    select * from {{ ref('int_customer_revenue_valued') }}

),

won_accounts as (

    select distinct account_id
    from opportunities
    where is_won and account_id is not null

),

people_on_deals as (

    select lead_id from {{ ref('opportunity_contacts') }}
    where not is_deleted
    union
    select primary_lead_id from opportunities
    where primary_lead_id is not null

),

findings_of_activities as (

    select
        'activities_of_unknown_campaigns' as gap,
        campaign_tag as entity_id,
        month_start_date,
        count(*) as affected_count
    from activities
    where campaign_tag is not null and campaign_id is null
    group by campaign_tag, month_start_date
    union all
    select 'ad_clicks_of_unknown_campaigns', click_kind, month_start_date, count(*)
    from activities
    where click_kind is not null and campaign_id is null
    group by click_kind, month_start_date
    union all
    select
        'touches_without_channel',
        concat(coalesce(utm_source, '-'), ' / ', coalesce(utm_medium, '-')),
        month_start_date,
        count(*)
    from activities
    where is_touch and channel = 'unclassified'
    group by concat(coalesce(utm_source, '-'), ' / ', coalesce(utm_medium, '-')), month_start_date
    union all
    select 'activities_of_strangers', channel, month_start_date, count(*)
    from activities
    where is_web and lead_id is null
    group by channel, month_start_date
    union all
    select 'activities_learnt_before_they_happened', source, month_start_date, count(*)
    from activities
    where occurred_at > loaded_at and occurred_at_precision = 'second'
    group by source, month_start_date

),

-- Records with an id: when they came to be and what they are worth stands in int_audited_records.
records_with_gaps as (

    select 'leads_without_channel' as gap, lead_id as record_id from leads where channel = 'unclassified'
    union all
    select 'leads_without_account', lead_id from leads where account_id is null
    union all
    select 'leads_with_free_mail', known.lead_id
    from {{ ref('leads') }} as known
    inner join {{ ref('free_mail_domains') }} as free_mail_domains on known.email_domain = free_mail_domains.domain
    union all
    select 'leads_recorded_twice', lead_id from leads_recorded_twice
    union all
    select distinct 'leads_at_opportunity_without_one', visits.entity_id
    from {{ ref('int_stage_visits') }} as visits
    inner join {{ ref('lifecycle_stages') }} as stages on visits.track = stages.track and visits.stage = stages.stage
    left join people_on_deals on visits.entity_id = people_on_deals.lead_id
    where visits.track = 'lead' and stages.stage_role = 'opportunity' and people_on_deals.lead_id is null
    union all
    select distinct 'stages_before_their_criteria', lead_id from {{ ref('fct_stage_agreements') }}
    where agreement = 'premature'
    union all
    select distinct 'criteria_without_their_stage', lead_id from {{ ref('fct_stage_agreements') }}
    where agreement = 'missing'
    union all
    select 'accounts_on_free_mail', account_id
    from {{ ref('accounts') }}
    where {{ bare_domain('domain') }} in (select domain from {{ ref('free_mail_domains') }})
    union all
    select 'accounts_sharing_a_domain', account_id from accounts_on_domains where account_count > 1
    union all
    select 'opportunities_without_contact', opportunity_id from opportunities
    where primary_lead_rule {{ is_own_deal('not') }}
    union all
    select 'opportunities_without_account', opportunity_id from opportunities where account_id is null
    union all
    select 'opportunities_without_campaign', opportunity_id from opportunities where campaign_id is null
    union all
    select 'opportunities_without_created_at', opportunity_id from opportunities where created_at is null
    union all
    select 'opportunities_before_lead', opportunity_id from opportunities where is_before_lead
    union all
    select 'opportunities_closed_before_created', opportunity_id from opportunities where closed_date < created_date
    union all
    select 'opportunities_without_amount', opportunity_id from amounts
    where coalesce(pipeline_amount, 0) = 0 and not is_rate_missing
    union all
    select 'opportunities_without_exchange_rate', opportunity_id from amounts where is_rate_missing
    union all
    select 'opportunities_with_stale_exchange_rate', opportunity_id from amounts where is_rate_stale
    {%- for entity, id, columns in mended %}
    union all
    select '{{ entity }}_with_mended_values', entity_id from mended_{{ entity }}
    {%- endfor %}
    union all
    select 'campaigns_off_the_naming_standard', campaign_id from {{ ref('fct_campaign_naming') }}
    where kind = 'campaign' and not is_valid
    union all
    select 'icp_fields_badly_filled', field from {{ ref('fct_icp_fill_rates') }}
    where owner_team = '(all)' and is_badly_filled
    union all
    select 'icp_fields_with_one_value', field from {{ ref('fct_icp_fill_rates') }}
    where owner_team = '(all)' and has_one_value
    union all
    select 'fields_in_no_rule', field from {{ ref('fct_icp_fill_rates') }}
    where owner_team = '(all)' and is_unused
    union all
    select 'campaigns_without_spend', record_id from records
    where entity = 'paid_campaigns' and record_id not in (select spend.family_id from spend)

),

findings_of_records as (

    select
        records_with_gaps.gap,
        records.record_id as entity_id,
        records.month_start_date,
        records.value_amount
    from records_with_gaps
    inner join gaps on records_with_gaps.gap = gaps.gap
    inner join records on gaps.entity = records.entity and records_with_gaps.record_id = records.record_id

),

-- What has no id of its own says itself when it came to be and what it is worth.
rows_with_gaps as (

    select
        'stage_changes_of_unknown_leads' as gap,
        changes.lead_id as entity_id,
        {{ local_date('changes.changed_at', 'changes.changed_at_precision') }} as date_day,
        cast(null as double) as value_amount
    from {{ ref('lead_stage_changes') }} as changes
    left join {{ ref('leads') }} as known on changes.lead_id = known.lead_id
    where not changes.is_deleted and known.lead_id is null
    union all
    -- The clocks of two systems differ.
    select
        'stage_changes_before_their_lead',
        changes.lead_id,
        {{ local_date('changes.changed_at', 'changes.changed_at_precision') }},
        cast(null as double)
    from {{ ref('lead_stage_changes') }} as changes
    inner join leads on changes.lead_id = leads.lead_id
    where
        not changes.is_deleted
        and changes.changed_at_precision = 'second'
        and leads.created_at_precision = 'second'
        and {{ add_minutes('changes.changed_at', setting('touch_grace_minutes', 'int')) }} < leads.created_at
    union all
    select
        'stage_changes_of_unknown_opportunities',
        changes.opportunity_id,
        {{ local_date('changes.changed_at', 'changes.changed_at_precision') }},
        cast(null as double)
    from {{ ref('opportunity_stage_changes') }} as changes
    left join {{ ref('opportunities') }} as known on changes.opportunity_id = known.opportunity_id
    where not changes.is_deleted and known.opportunity_id is null
    union all
    select 'contacts_of_unknown_leads', contacts.lead_id, opportunities.created_date, opportunities.pipeline_amount
    from {{ ref('opportunity_contacts') }} as contacts
    left join {{ ref('leads') }} as known on contacts.lead_id = known.lead_id
    left join opportunities on contacts.opportunity_id = opportunities.opportunity_id
    where not contacts.is_deleted and known.lead_id is null
    union all
    select 'spend_without_exchange_rate', campaign_day, date, cost_amount from spend where is_rate_missing
    union all
    select 'spend_with_stale_exchange_rate', campaign_day, date, cost_amount from spend where is_rate_stale
    union all
    select 'spend_reported_twice', campaign_day, date, cost_amount from spend where report_count > 1
    union all
    select 'spend_of_unknown_campaigns', campaign_day, date, cost_amount from spend where not is_of_known_campaign
    union all
    select 'spend_without_activities', campaign_day, date, cost_amount
    from spend
    where family_id not in (select families_with_activities.family_id from families_with_activities)
    union all
    select
        'costs_without_exchange_rate',
        cast(month_start_date as string) || ' ' || cost_type,
        month_start_date,
        cast(null as double)
    from {{ ref('int_monthly_costs_valued') }}
    where is_rate_missing
    union all
    select
        'media_costs_unlike_spend',
        cast(month_start_date as string) || ' ' || cast(cast(difference_amount as decimal(38, 2)) as string),
        month_start_date,
        abs(difference_amount)
    from {{ ref('int_media_costs_compared') }}
    where abs(difference_amount) >= 0.005
    union all
    select
        'revenue_without_won_opportunity',
        coalesce(invoices.opportunity_id, invoices.account_id),
        invoices.revenue_date,
        invoices.revenue_amount
    from invoices
    left join opportunities on invoices.opportunity_id = opportunities.opportunity_id
    left join won_accounts on invoices.account_id = won_accounts.account_id
    where
        case
            when invoices.opportunity_id is not null then not coalesce(opportunities.is_won, false)
            else won_accounts.account_id is null
        end
    union all
    select 'unmapped_return_reasons', handoff_id, started_date, cast(null as double)
    from {{ ref('fct_lead_handoffs') }}
    where clock = 'qualified' and reason_group = 'other'

),

findings as (

    select
        gap,
        entity_id,
        month_start_date,
        affected_count,
        cast(null as double) as value_at_stake_amount
    from findings_of_activities
    union all
    select
        gap,
        entity_id,
        month_start_date,
        1 as affected_count,
        value_amount as value_at_stake_amount
    from findings_of_records
    union all
    select
        gap,
        entity_id,
        {{ month_start('date_day') }} as month_start_date,
        1 as affected_count,
        value_amount as value_at_stake_amount
    from rows_with_gaps

)

select * from findings
