{%- set rounds = 3 -%}

with records as (
    {{ union_sources('campaigns', {'source': 'string', 'campaign_id': 'string'}) }}
),

supplied as (
    {{ union_sources('campaign_aliases', {
        'source': 'string', 'alias': 'string', 'campaign_id': 'string', 'is_deleted': 'boolean',
    }) }}
),

claims as (

    select
        supplied.source,
        supplied.campaign_id,
        lower(supplied.alias) as alias,
        -- The platform's own number of a campaign, as against a tag that several may carry.
        supplied.campaign_id = supplied.source || ':' || supplied.alias as is_own_number,
        sources.priority
    from supplied
    inner join {{ ref('sources') }} as sources on supplied.source = sources.source
    where not supplied.is_deleted

),

-- Who claims an alias for a campaign of another source, and comes before it in the order of the sources.
links as (

    select
        claims.campaign_id,
        elsewhere.campaign_id as linked_id,
        elsewhere.priority,
        case when claims.is_own_number then 1 else 2 end as strength
    from claims
    inner join claims as elsewhere on claims.alias = elsewhere.alias and claims.priority > elsewhere.priority

),

ranked_links as (

    select
        campaign_id,
        linked_id,
        strength,
        dense_rank() over (partition by campaign_id order by strength, priority) as link_rank
    from links

),

-- A tag that leads to two campaigns says nothing.
linked as (

    select
        campaign_id,
        min(linked_id) as linked_id,
        min(strength) as strength
    from ranked_links
    where link_rank = 1
    group by campaign_id
    having count(distinct linked_id) = 1

),

-- One record of its source with this link is the campaign itself; of several each is a part of it.
edges as (

    select
        records.source,
        records.campaign_id,
        linked.linked_id,
        linked.strength,
        linked.linked_id is not null
        and count(*) over (partition by records.source, linked.linked_id) > 1 as is_part
    from records
    left join linked on records.campaign_id = linked.campaign_id

),

pointed_0 as (

    select
        source,
        campaign_id,
        linked_id,
        strength,
        is_part,
        case when is_part then campaign_id else coalesce(linked_id, campaign_id) end as root_id
    from edges

),

-- Each round follows the links of the roots: the order of the sources falls with every link, so none leads back.
{% for round in range(1, rounds + 1) -%}
pointed_{{ round }} as (

    select
        pointed.source,
        pointed.campaign_id,
        pointed.linked_id,
        pointed.strength,
        pointed.is_part,
        coalesce(roots.root_id, pointed.root_id) as root_id
    from pointed_{{ round - 1 }} as pointed
    left join pointed_{{ round - 1 }} as roots on pointed.root_id = roots.campaign_id

),

{% endfor -%}
counted as (

    select
        *,
        count(*) over (partition by root_id, source) > 1 and root_id != campaign_id as is_one_of_several
    from pointed_{{ rounds }}

),

identified as (

    select
        counted.source,
        counted.campaign_id as source_id,
        case when counted.is_one_of_several then counted.campaign_id else counted.root_id end as canonical_id,
        case
            when counted.is_one_of_several then counted.root_id
            when counted.is_part then coalesce(wholes.root_id, counted.linked_id)
        end as parent_campaign_id,
        case
            when counted.linked_id is null then 'own_id'
            when counted.strength = 1 then 'platform_id'
            else 'utm_campaign'
        end as rule
    from counted
    left join counted as wholes on counted.linked_id = wholes.campaign_id

)

select * from identified
