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

spellings as (

    select * from {{ ref('value_mappings') }}

),

{% for entity, id, columns in mended %}
{%- set wanted = {id: 'string', 'is_deleted': 'boolean'} -%}
{%- for column in columns -%}{%- do wanted.update({column: 'string'}) -%}{%- endfor -%}
{{ entity }}_as_given as (
    {{ union_sources(entity, wanted) }}
),

mended_{{ entity }} as (

    {% for column in columns %}
    select as_given.{{ id }} as entity_id
    from {{ entity }}_as_given as as_given
    inner join spellings on as_given.{{ column }} = spellings.source_value
    where
        spellings.entity = '{{ entity }}'
        and spellings.column_name = '{{ column }}'
        and not as_given.is_deleted
    {{ 'union' if not loop.last }}
    {% endfor %}

),

{% endfor %}
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
        activity_types.is_web
    from {{ ref('int_activities_classified') }} as activities
    left join {{ ref('activity_types') }} as activity_types on activities.activity_type = activity_types.activity_type

),

spend as (

    select
        *,
        campaign_id || ' ' || cast(date as string) as campaign_day,
        count(*) over (partition by campaign_id, date) as report_count
    from {{ ref('int_campaign_spend_valued') }}

),

findings_of_activities as (

    select
        'activities_of_unknown_campaigns' as gap,
        campaign_tag as entity_id,
        count(*) as affected_count
    from activities
    where campaign_tag is not null and campaign_id is null
    group by campaign_tag
    union all
    select 'ad_clicks_of_unknown_campaigns', click_kind, count(*)
    from activities
    where click_kind is not null and campaign_id is null
    group by click_kind
    union all
    select 'touches_without_channel', concat(coalesce(utm_source, '-'), ' / ', coalesce(utm_medium, '-')), count(*)
    from activities
    where is_touch and channel = 'unclassified'
    group by concat(coalesce(utm_source, '-'), ' / ', coalesce(utm_medium, '-'))
    union all
    select 'activities_of_strangers', channel, count(*)
    from activities
    where is_web and lead_id is null
    group by channel

),

findings_of_records as (

    select 'leads_without_channel' as gap, lead_id as entity_id from leads where channel = 'unclassified'
    union all
    select 'leads_without_account', lead_id from leads where account_id is null
    union all
    select 'opportunities_without_contact', opportunity_id from opportunities
    where primary_lead_rule {{ is_own_deal('not') }}
    union all
    select 'opportunities_without_account', opportunity_id from opportunities where account_id is null
    union all
    select 'opportunities_without_created_at', opportunity_id from opportunities where created_at is null
    union all
    select 'opportunities_before_lead', opportunity_id from opportunities where is_before_lead
    union all
    select 'opportunities_without_exchange_rate', opportunity_id from amounts where is_rate_missing
    union all
    select 'opportunities_with_stale_exchange_rate', opportunity_id from amounts where is_rate_stale
    {%- for entity, id, columns in mended %}
    union all
    select '{{ entity }}_with_mended_values', entity_id from mended_{{ entity }}
    {%- endfor %}
    union all
    select 'accounts_sharing_a_domain', account_id from accounts_on_domains where account_count > 1
    union all
    select 'stage_changes_of_unknown_leads', changes.lead_id
    from {{ ref('lead_stage_changes') }} as changes
    left join {{ ref('leads') }} as known on changes.lead_id = known.lead_id
    where not changes.is_deleted and known.lead_id is null
    union all
    select 'stage_changes_of_unknown_opportunities', changes.opportunity_id
    from {{ ref('opportunity_stage_changes') }} as changes
    left join {{ ref('opportunities') }} as known on changes.opportunity_id = known.opportunity_id
    where not changes.is_deleted and known.opportunity_id is null
    union all
    select 'contacts_of_unknown_leads', contacts.lead_id
    from {{ ref('opportunity_contacts') }} as contacts
    left join {{ ref('leads') }} as known on contacts.lead_id = known.lead_id
    where not contacts.is_deleted and known.lead_id is null
    union all
    select 'spend_without_exchange_rate', campaign_day from spend where is_rate_missing
    union all
    select 'spend_with_stale_exchange_rate', campaign_day from spend where is_rate_stale
    union all
    select 'spend_reported_twice', campaign_day from spend where report_count > 1
    union all
    select 'spend_of_unknown_campaigns', spend.campaign_day
    from spend
    left join {{ ref('campaigns') }} as known on spend.campaign_id = known.campaign_id
    where known.campaign_id is null
    union all
    select 'costs_without_exchange_rate', cast(month_start_date as string) || ' ' || cost_type
    from {{ ref('int_monthly_costs_valued') }}
    where is_rate_missing
    union all
    select
        'media_costs_unlike_spend',
        cast(month_start_date as string) || ' ' || cast(cast(difference_amount as decimal(18, 2)) as string)
    from {{ ref('int_media_costs_compared') }}
    where abs(difference_amount) >= 0.005
    union all
    select 'campaigns_off_the_naming_standard', campaign_id from {{ ref('fct_campaign_naming') }}
    where kind = 'campaign' and not is_valid
    union all
    select 'unmapped_return_reasons', handoff_id from {{ ref('fct_lead_handoffs') }}
    where clock = 'qualified' and reason_group = 'other'

),

findings as (

    select * from findings_of_activities
    union all
    select
        gap,
        entity_id,
        1 as affected_count
    from findings_of_records

)

select * from findings
