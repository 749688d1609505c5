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

findings as (

    select 'leads_without_channel' as gap, lead_id as entity_id from leads where channel = 'unclassified'
    union all
    select 'leads_without_account', lead_id from leads where account_id is null
    union all
    select 'opportunities_without_contact', opportunity_id from opportunities
    where primary_lead_rule not in ('primary_contact', 'earliest_contact')
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

)

select * from findings
