with spend as (

    select
        campaign_id,
        coalesce(max(case when impressions > 0 or clicks > 0 then 1 else 0 end), 0) = 1 as is_ad
    from {{ ref('int_campaign_spend_valued') }}
    group by campaign_id

),

campaigns as (

    select * from {{ ref('campaigns') }}
    where not is_deleted

),

marketing_touches as (

    select touches.campaign_id, touches.channel
    from {{ ref('fct_touches') }} as touches
    inner join {{ ref('channels') }} as channels on touches.channel = channels.channel
    where touches.campaign_id is not null and channels.is_marketing

),

channel_rules as (

    select channel_rules.* from {{ ref('channel_rules') }} as channel_rules
    where {{ is_valid_on('channel_rules', 'cast(' ~ to_local(as_of()) ~ ' as date)') }}

),

-- A campaign and its ad groups are one family: links may be tagged with the one where money is booked on the other.
described as (

    select
        spend.campaign_id,
        coalesce(case when campaigns.is_ad_group then campaigns.parent_campaign_id end, spend.campaign_id) as family_id,
        -- An ad is judged as if its link had been followed; what is no ad by the word for where it takes place.
        case when spend.is_ad then 'ad_clicked' else '' end as activity_type,
        '' as click_id,
        coalesce(lower(campaigns.platform), '') as utm_source,
        case when spend.is_ad then 'cpc' else coalesce(lower(campaigns.platform), '') end as utm_medium,
        coalesce(lower(campaigns.campaign_name), '') as utm_campaign,
        '' as referrer,
        '' as landing_page,
        '' as lead_source
    from spend
    left join campaigns on spend.campaign_id = campaigns.campaign_id

),

touches_of_families as (

    select
        coalesce(
            case when campaigns.is_ad_group then campaigns.parent_campaign_id end, marketing_touches.campaign_id
        ) as family_id,
        marketing_touches.campaign_id,
        marketing_touches.channel
    from marketing_touches
    left join campaigns on marketing_touches.campaign_id = campaigns.campaign_id

),

own_channels as (

    select
        campaign_id,
        channel,
        row_number() over (partition by campaign_id order by count(*) desc, channel asc) as channel_rank
    from touches_of_families
    group by campaign_id, channel

),

family_channels as (

    select
        family_id,
        channel,
        row_number() over (partition by family_id order by count(*) desc, channel asc) as channel_rank
    from touches_of_families
    group by family_id, channel

),

rule_channels as (

    select described.campaign_id, min_by(channel_rules.channel, channel_rules.priority) as channel
    from described
    inner join channel_rules on {{ matches_channel_rule('described', 'channel_rules') }}
    group by described.campaign_id

),

channelled as (

    select
        described.campaign_id,
        coalesce(own_channels.channel, family_channels.channel, rule_channels.channel, 'unclassified') as channel,
        case
            when own_channels.channel is not null then 'campaign_touches'
            when family_channels.channel is not null then 'family_touches'
            when rule_channels.channel is not null then 'channel_rules'
            else 'unclassified'
        end as channel_basis
    from described
    left join own_channels on described.campaign_id = own_channels.campaign_id and own_channels.channel_rank = 1
    left join family_channels on described.family_id = family_channels.family_id and family_channels.channel_rank = 1
    left join rule_channels on described.campaign_id = rule_channels.campaign_id

)

select * from channelled
