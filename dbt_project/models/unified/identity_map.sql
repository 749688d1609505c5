{%- set rounds = 6 -%}

with leads as (
    {{ union_sources('leads', {
        'source': 'string', 'lead_id': 'string', 'email_key': 'string', 'merged_into_lead_id': 'string',
        'created_at': 'timestamp', 'loaded_at': 'timestamp', 'first_loaded_at': 'timestamp',
    }) }}
),

accounts as (
    {{ union_sources('accounts', {
        'source': 'string', 'account_id': 'string', 'domain': 'string', 'account_name': 'string', 'country': 'string',
        'merged_into_account_id': 'string', 'loaded_at': 'timestamp', 'first_loaded_at': 'timestamp',
    }) }}
),

accounts_with_keys as (

    select
        accounts.*,
        {{ bare_domain('accounts.domain') }} as domain_key,
        {{ normalised_name('accounts.account_name') }}
        || '|' || coalesce(country_spellings.value, accounts.country) as name_key
    from accounts
    {{ join_spelling('accounts', 'country', 'accounts') }}

),

-- Two companies of one source may share a domain or a name on purpose (subsidiaries): such a key joins nothing.
accounts_with_unique_keys as (

    select
        *,
        case
            when
                count(*) over (partition by source, domain_key) = 1
                and domain_key not in (select domain from {{ ref('free_mail_domains') }})
                then domain_key
        end as unique_domain_key,
        case when count(*) over (partition by source, name_key) = 1 then name_key end as unique_name_key
    from accounts_with_keys

),

records as (

    select
        'lead' as object_type,
        source,
        lead_id as source_id,
        email_key as first_key,
        cast(null as string) as second_key,
        merged_into_lead_id as merged_into_id,
        created_at,
        loaded_at,
        first_loaded_at
    from leads
    union all
    select
        'account' as object_type,
        source,
        account_id as source_id,
        unique_domain_key as first_key,
        unique_name_key as second_key,
        merged_into_account_id as merged_into_id,
        cast(null as timestamp) as created_at,
        loaded_at,
        first_loaded_at
    from accounts_with_unique_keys

),

-- The oldest record lends its id to all that turn out to be the same: a rebuild from nothing gives the same ids.
ranked as (

    select
        *,
        row_number() over (order by first_loaded_at, created_at nulls last, source, source_id) as record_rank
    from records

),

links as (

    select object_type, source_id, record_rank, object_type || '|id|' || source_id as link from ranked
    union all
    select object_type, source_id, record_rank, object_type || '|id|' || merged_into_id from ranked
    where merged_into_id is not null
    union all
    select object_type, source_id, record_rank, object_type || '|first|' || first_key from ranked
    where first_key is not null
    union all
    select object_type, source_id, record_rank, object_type || '|second|' || second_key from ranked
    where second_key is not null

),

spread_0 as (

    select object_type, source_id, link, record_rank as group_rank from links

),

-- Each round carries the least rank over one more link; a test proves that the rounds reach the end of every chain.
{% for round in range(1, rounds + 1) -%}
linked_{{ round }} as (

    select object_type, source_id, link, min(group_rank) over (partition by link) as group_rank
    from spread_{{ round - 1 }}

),

spread_{{ round }} as (

    select object_type, source_id, link, min(group_rank) over (partition by object_type, source_id) as group_rank
    from linked_{{ round }}

),

{% endfor -%}
grouped as (

    select object_type, source_id, max(group_rank) as group_rank
    from spread_{{ rounds }}
    group by object_type, source_id

),

merge_winners as (

    select distinct object_type, merged_into_id as source_id
    from records
    where merged_into_id is not null

),

recognised as (

    select
        ranked.object_type,
        ranked.source,
        ranked.source_id,
        oldest.source_id as canonical_id,
        ranked.first_loaded_at,
        case
            when ranked.record_rank = oldest.record_rank then 'own_id'
            when ranked.merged_into_id is not null or merge_winners.source_id is not null then 'merge_record'
            when ranked.object_type = 'lead' then 'email_key'
            when ranked.first_key = oldest.first_key then 'domain'
            else 'name'
        end as rule,
        case
            when ranked.merged_into_id is not null then ranked.loaded_at
            else greatest(ranked.first_loaded_at, oldest.first_loaded_at)
        end as valid_from
    from ranked
    inner join grouped
        on ranked.object_type = grouped.object_type and ranked.source_id = grouped.source_id
    inner join ranked as oldest on grouped.group_rank = oldest.record_rank
    left join merge_winners
        on ranked.object_type = merge_winners.object_type and ranked.source_id = merge_winners.source_id

),

-- A record that was recognised later than it came in was a person or company of its own until then.
dated as (

    select object_type, source, source_id, canonical_id, rule, valid_from, true as is_current
    from recognised
    union all
    select object_type, source, source_id, source_id as canonical_id, 'own_id' as rule, first_loaded_at, false
    from recognised
    where rule != 'own_id' and first_loaded_at < valid_from

)

select * from dated
