{%- set attributes = [
    'campaign_name', 'platform', 'is_ad_group', 'start_date', 'end_date', 'budget_amount_local', 'currency',
] -%}

with unioned as (
    {{ union_sources('campaigns', contract_columns()) }}
),

records as (

    select
        unioned.*,
        identities.canonical_id,
        coalesce(identities.parent_campaign_id, parents.canonical_id, unioned.parent_campaign_id) as parent_id,
        row_number() over (
            partition by identities.canonical_id order by unioned.is_deleted, sources.priority, unioned.campaign_id
        ) as precedence
    from unioned
    inner join {{ ref('campaign_identities') }} as identities on unioned.campaign_id = identities.source_id
    left join {{ ref('campaign_identities') }} as parents on unioned.parent_campaign_id = parents.source_id
    left join {{ ref('sources') }} as sources on unioned.source = sources.source

),

-- One row per campaign: each attribute from the first record, in order of precedence, that knows it.
united as (

    select
        canonical_id as campaign_id,
        {%- for attribute in attributes[:2] %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then precedence end) as {{ attribute }},
        {%- endfor %}
        min_by(parent_id, case when parent_id is not null then precedence end) as parent_campaign_id,
        {%- for attribute in attributes[2:] %}
        min_by({{ attribute }}, case when {{ attribute }} is not null then precedence end) as {{ attribute }},
        {%- endfor %}
        min_by(source, precedence) as source,
        max(loaded_at) as loaded_at,
        max(case when is_deleted then 0 else 1 end) = 0 as is_deleted
    from records
    group by canonical_id

)

select * from united
