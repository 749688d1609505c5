{%- set attributes = [
    'account_name', 'domain', 'industry', 'employee_count', 'annual_revenue_amount', 'country', 'region',
    'technology_tags', 'segment', 'churned_at',
] -%}
{%- set mapped = ['industry', 'country', 'region', 'segment'] -%}

with unioned as (
    {{ union_sources('accounts', contract_columns_of_source('accounts')) }}
),

identity_map as (

    select * from {{ ref('identity_map') }}
    where object_type = 'account' and is_current

),

records as (

    select
        unioned.*,
        identity_map.canonical_id,
        row_number() over (
            partition by identity_map.canonical_id
            order by
                unioned.is_deleted,
                case when unioned.merged_into_account_id is null then 0 else 1 end,
                sources.priority,
                unioned.first_loaded_at,
                unioned.account_id
        ) as precedence
    from unioned
    inner join identity_map on unioned.account_id = identity_map.source_id
    left join {{ ref('sources') }} as sources on unioned.source = sources.source

),

-- One row per company: each attribute from the first record, in order of precedence, that knows it.
companies as (

    select
        canonical_id as account_id,
        min_by(account_id, precedence) as source_account_id,
        {%- for attribute in attributes %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then precedence end) as {{ attribute }},
        {%- endfor %}
        -- The leading record's, also where it has none: engines differ on whether min_by passes over a null.
        nullif(min_by(coalesce(merged_into_account_id, ''), precedence), '') as merged_into_account_id,
        min_by(source, precedence) as source,
        max(loaded_at) as loaded_at,
        max(case when is_deleted then 0 else 1 end) = 0 as is_deleted
    from records
    group by canonical_id

),

spelled as (

    select
        companies.account_id,
        companies.source_account_id,
        companies.merged_into_account_id,
        companies.account_name,
        companies.domain,
        coalesce(industry_spellings.value, companies.industry) as industry,
        companies.employee_count,
        companies.annual_revenue_amount,
        coalesce(country_spellings.value, companies.country) as country,
        coalesce(region_spellings.value, companies.region) as region,
        companies.technology_tags,
        coalesce(segment_spellings.value, companies.segment) as segment,
        companies.churned_at,
        companies.source,
        companies.loaded_at,
        companies.is_deleted
    from
        companies
    {%- for attribute in mapped %}
{{ join_spelling('accounts', attribute, 'companies') }}
    {%- endfor %}

)

select * from spelled
