{{ config(schema='pii') }}

{%- set attributes = ['full_name', 'email', 'phone', 'company_name'] %}

with unioned as (
    {{ union_sources('contacts', contract_columns()) }}
),

identity_map as (

    select * from {{ ref('identity_map') }}
    where object_type = 'lead' and is_current

),

records as (

    select
        unioned.*,
        coalesce(identity_map.canonical_id, unioned.lead_id) as canonical_id,
        row_number() over (
            partition by coalesce(identity_map.canonical_id, unioned.lead_id)
            order by unioned.is_deleted asc, sources.priority asc, unioned.loaded_at desc, unioned.lead_id asc
        ) as precedence
    from unioned
    left join identity_map on unioned.lead_id = identity_map.source_id
    left join {{ ref('sources') }} as sources on unioned.source = sources.source

),

-- Each attribute from the first record, in order of precedence, that knows it; deleted records tell nothing, nor does
-- the address that stands for an erased person's where it is part of a key.
people as (

    select
        canonical_id as lead_id,
        {%- for attribute in attributes %}
        min_by(
            {{ attribute }},
            case
                when
                    {{ attribute }} is not null
                    {%- if attribute == 'email' %}
                    and email not like '%@erased.invalid'
                    {%- endif %}
                    and not is_deleted
                    then precedence
            end
        ) as {{ attribute }},
        {%- endfor %}
        min_by(source, precedence) as source,
        max(loaded_at) as loaded_at,
        min(cast(is_deleted as int)) = 1 as is_deleted
    from records
    group by canonical_id

)

select * from people
