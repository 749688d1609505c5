with unioned as (
    {{ union_sources('campaign_aliases', contract_columns()) }}
),

identified as (

    select
        unioned.alias,
        coalesce(identities.canonical_id, unioned.campaign_id) as campaign_id,
        unioned.source,
        unioned.loaded_at,
        unioned.is_deleted,
        row_number() over (
            partition by unioned.alias
            order by
                unioned.is_deleted asc,
                -- A platform's number means what the platform calls so, whoever else has written it down.
                case when unioned.campaign_id = unioned.source || ':' || unioned.alias then 0 else 1 end asc,
                sources.priority asc,
                unioned.loaded_at desc,
                unioned.campaign_id asc
        ) as precedence
    from unioned
    left join {{ ref('campaign_identities') }} as identities on unioned.campaign_id = identities.source_id
    left join {{ ref('sources') }} as sources on unioned.source = sources.source

),

aliases as (

    select
        alias,
        campaign_id,
        source,
        loaded_at,
        is_deleted
    from identified
    where precedence = 1

)

select * from aliases
