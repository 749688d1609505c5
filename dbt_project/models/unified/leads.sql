{%- set attributes = [
    'job_title', 'job_function', 'seniority', 'persona', 'country', 'language', 'lead_source', 'product_interest',
    'owner_id', 'stage', 'stage_changed_at', 'email_key', 'email_domain', 'company_name',
] -%}
{%- set mapped = ['country', 'persona', 'job_function', 'seniority', 'lead_source', 'product_interest'] -%}

with unioned as (
    {{ union_sources('leads', contract_columns_of_source('leads')) }}
),

identity_map as (

    select * from {{ ref('identity_map') }}
    where object_type = 'lead' and is_current

),

account_identities as (

    select * from {{ ref('identity_map') }}
    where object_type = 'account' and is_current

),

records as (

    select
        unioned.*,
        identity_map.canonical_id,
        known_stages.stage as own_stage,
        row_number() over (
            partition by identity_map.canonical_id
            order by
                unioned.is_deleted,
                case when unioned.merged_into_lead_id is null then 0 else 1 end,
                sources.priority,
                unioned.first_loaded_at,
                unioned.created_at,
                unioned.lead_id
        ) as precedence
    from unioned
    inner join identity_map on unioned.lead_id = identity_map.source_id
    left join {{ ref('sources') }} as sources on unioned.source = sources.source
    left join {{ ref('stage_mappings') }} as stage_names
        on
            stage_names.track = 'lead'
            and unioned.source = stage_names.source
            and unioned.stage = stage_names.source_stage
    left join {{ ref('lifecycle_stages') }} as known_stages
        on
            known_stages.track = 'lead'
            and known_stages.stage
            = case when stage_names.source is null then unioned.stage else stage_names.stage end
    where unioned.created_at <= {{ as_of() }}

),

-- One row per person: each attribute from the first record, in order of precedence, that knows it.
people as (

    select
        canonical_id as lead_id,
        min_by(lead_id, precedence) as source_lead_id,
        {%- for attribute in attributes %}
        {%- set column = 'own_stage' if attribute == 'stage' else attribute %}
        min_by({{ column }}, case when {{ column }} is not null then precedence end) as {{ attribute }},
        {%- endfor %}
        min_by(account_id, case when account_id is not null then precedence end) as account_id,
        -- The leading record's, also where it has none: engines differ on whether min_by passes over a null.
        nullif(min_by(coalesce(merged_into_lead_id, ''), precedence), '') as merged_into_lead_id,
        min(created_at) as created_at,
        min_by(created_at_precision, created_at) as created_at_precision,
        min_by(source, precedence) as source,
        max(loaded_at) as loaded_at,
        max(case when is_deleted then 0 else 1 end) = 0 as is_deleted
    from records
    group by canonical_id

),

account_keys as (

    select
        account_id,
        {{ bare_domain('domain') }} as domain_key,
        {{ normalised_name('account_name') }} as name_key,
        country
    from {{ ref('accounts') }}
    where not is_deleted

),

accounts_by_domain as (

    select domain_key, max(account_id) as account_id
    from account_keys
    where domain_key is not null and domain_key not in (select domain from {{ ref('free_mail_domains') }})
    group by domain_key
    having count(*) = 1

),

accounts_by_name as (

    select name_key, country, max(account_id) as account_id
    from account_keys
    where name_key is not null and country is not null
    group by name_key, country
    having count(*) = 1

),

joined_to_accounts as (

    select
        people.lead_id,
        people.source_lead_id,
        people.email_key,
        people.email_domain,
        people.company_name,
        people.merged_into_lead_id,
        coalesce(
            account_identities.canonical_id,
            people.account_id,
            accounts_by_domain.account_id,
            accounts_by_name.account_id
        ) as account_id,
        people.job_title,
        {%- for attribute in ['job_function', 'seniority', 'persona', 'country'] %}
        coalesce({{ attribute }}_spellings.value, people.{{ attribute }}) as {{ attribute }},
        {%- endfor %}
        people.language,
        {%- for attribute in ['lead_source', 'product_interest'] %}
        coalesce({{ attribute }}_spellings.value, people.{{ attribute }}) as {{ attribute }},
        {%- endfor %}
        people.owner_id,
        people.created_at,
        people.created_at_precision,
        people.stage,
        people.stage_changed_at,
        people.source,
        people.loaded_at,
        people.is_deleted
    from people
    left join account_identities on people.account_id = account_identities.source_id
    {%- for attribute in mapped %}
    {{ join_spelling('leads', attribute, 'people') }}
    {%- endfor %}
    left join accounts_by_domain on people.email_domain = accounts_by_domain.domain_key
    left join accounts_by_name
        on
            {{ normalised_name('people.company_name') }} = accounts_by_name.name_key
            and coalesce(country_spellings.value, people.country) = accounts_by_name.country

)

select * from joined_to_accounts
