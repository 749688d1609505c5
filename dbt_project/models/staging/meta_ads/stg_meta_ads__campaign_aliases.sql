{#- What Meta fills in when an ad is clicked. -#}
{%- set filled_in = {
    '{{campaign.name}}': 'campaigns.name', '{{campaign.id}}': 'cast(campaigns.id as string)',
    '{{adset.name}}': 'ad_sets.name', '{{adset.id}}': 'cast(ad_sets.id as string)',
    '{{ad.name}}': 'ads.name', '{{ad.id}}': 'cast(ads.id as string)',
} -%}

with campaigns as (

    {{ latest_versions('raw_meta_ads', 'campaigns', ['account_id', 'id']) }}

),

ad_sets as (

    {{ latest_versions('raw_meta_ads', 'ad_sets', ['account_id', 'id']) }}

),

ads as (

    {{ latest_versions('raw_meta_ads', 'ads', ['account_id', 'id']) }}

),

numbers as (

    select
        cast(id as string) as alias,
        'meta_ads:' || cast(id as string) as campaign_id,
        1 as priority,
        id as age_order,
        _loaded_at
    from campaigns
    where not _is_deleted
    union all
    select
        cast(id as string) as alias,
        'meta_ads:' || cast(campaign_id as string) || '/' || cast(id as string) as campaign_id,
        1 as priority,
        id as age_order,
        _loaded_at
    from ad_sets
    where not _is_deleted

),

-- What a click brings as utm_campaign.
utm_values as (

    select
        {{ replace_all('ads.utm_campaign', filled_in) }} as alias,
        'meta_ads:' || cast(ads.campaign_id as string) as campaign_id,
        2 as priority,
        ads.campaign_id as age_order,
        ads._loaded_at
    from ads
    inner join campaigns on ads.account_id = campaigns.account_id and ads.campaign_id = campaigns.id
    inner join ad_sets on ads.account_id = ad_sets.account_id and ads.adset_id = ad_sets.id
    where ads.utm_campaign is not null and not ads._is_deleted

),

ranked as (

    -- Two campaigns with one value: the younger has it now.
    select
        *,
        row_number() over (partition by alias order by priority asc, age_order desc) as alias_rank
    from (
        select * from numbers
        union all
        select * from utm_values
    ) as unioned
    -- A name that Meta fills in otherwise says nothing before a click.
    where nullif(trim(alias), '') is not null and alias not like {{ "'%{{%'" }}

),

renamed as (

    select
        alias,
        campaign_id,
        'meta_ads' as source,
        _loaded_at as loaded_at,
        false as is_deleted
    from ranked
    where alias_rank = 1

)

select * from renamed
