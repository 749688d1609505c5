-- Fails if people who share an e-mail, or a record and the one it was merged into, have different ids.
{{ config(meta={'dagster': {'ref': {'name': 'identity_map'}}}) }}

with leads as (
    {{ union_sources('leads', {'lead_id': 'string', 'email_key': 'string', 'merged_into_lead_id': 'string'}) }}
),

accounts as (
    {{ union_sources('accounts', {'account_id': 'string', 'merged_into_account_id': 'string'}) }}
),

identities as (

    select object_type, source_id, canonical_id
    from {{ ref('identity_map') }}
    where is_current

),

links as (

    select 'lead' as object_type, lead_id as source_id, 'e-mail ' || email_key as link from leads
    where email_key is not null
    union all
    select 'lead', lead_id, 'merged into ' || merged_into_lead_id from leads
    where merged_into_lead_id is not null
    union all
    select 'lead', lead_id, 'merged into ' || lead_id from leads
    union all
    select 'account', account_id, 'merged into ' || merged_into_account_id from accounts
    where merged_into_account_id is not null
    union all
    select 'account', account_id, 'merged into ' || account_id from accounts

),

ids_counted as (

    select
        links.object_type,
        links.link,
        count(distinct identities.canonical_id) as id_count
    from links
    inner join identities
        on links.object_type = identities.object_type and links.source_id = identities.source_id
    group by links.object_type, links.link

)

select * from ids_counted
where id_count != 1
