with campaign_groups as (

    {{ latest_versions('raw_linkedin_ads', 'campaign_groups', ['account_id', 'id']) }}

),

campaigns as (

    {{ latest_versions('raw_linkedin_ads', 'campaigns', ['account_id', 'id']) }}

),

tracking_parameters as (

    {{ latest_versions('raw_linkedin_ads', 'tracking_parameters', ['account_id', 'campaign_id', 'parameter']) }}

),

numbers as (

    select
        cast(id as string) as alias,
        'linkedin_ads:' || cast(id as string) as campaign_id,
        1 as priority,
        id as age_order,
        _loaded_at
    from campaign_groups
    where not _is_deleted
    union all
    select
        cast(id as string) as alias,
        'linkedin_ads:' || cast(campaign_group_id as string) || '/' || cast(id as string) as campaign_id,
        2 as priority,
        id as age_order,
        _loaded_at
    from campaigns
    where not _is_deleted

),

-- What a click brings as utm_campaign; LinkedIn's own numbers are aliases already.
utm_values as (

    select
        case
            when not tracking_parameters.is_dynamic then tracking_parameters.value
            when tracking_parameters.value = 'CAMPAIGN_NAME' then campaigns.name
            when tracking_parameters.value = 'CAMPAIGN_GROUP_NAME' then campaign_groups.name
        end as alias,
        'linkedin_ads:' || cast(campaigns.campaign_group_id as string) as campaign_id,
        3 as priority,
        campaigns.campaign_group_id as age_order,
        tracking_parameters._loaded_at
    from tracking_parameters
    inner join campaigns
        on
            tracking_parameters.account_id = campaigns.account_id
            and tracking_parameters.campaign_id = campaigns.id
            and not campaigns._is_deleted
    left join campaign_groups
        on campaigns.account_id = campaign_groups.account_id and campaigns.campaign_group_id = campaign_groups.id
    where lower(tracking_parameters.parameter) = 'utm_campaign' and not tracking_parameters._is_deleted

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
    where nullif(trim(alias), '') is not null

),

renamed as (

    select
        alias,
        campaign_id,
        'linkedin_ads' as source,
        _loaded_at as loaded_at,
        false as is_deleted
    from ranked
    where alias_rank = 1

)

select * from renamed
