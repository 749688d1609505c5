with campaigns as (

    {{ latest_versions('raw_google_ads', 'campaigns', ['id']) }}

),

ad_groups as (

    {{ latest_versions('raw_google_ads', 'ad_groups', ['id']) }}

),

utm_campaigns as (

    {{ latest_versions('raw_google_ads', 'utm_campaigns', ['customer_id', 'campaign_id', 'utm_campaign']) }}

),

click_views as (

    {{ latest_versions('raw_google_ads', 'click_views', ['customer_id', 'date', 'gclid']) }}

),

aliases as (

    select
        cast(id as string) as alias,
        id as campaign_number,
        'google_ads:' || cast(id as string) as campaign_id,
        1 as alias_order,
        _loaded_at,
        _is_deleted
    from campaigns
    union all
    select
        cast(id as string) as alias,
        campaign_id as campaign_number,
        'google_ads:' || cast(campaign_id as string) || '/' || cast(id as string) as campaign_id,
        2 as alias_order,
        _loaded_at,
        _is_deleted
    from ad_groups
    union all
    select
        utm_campaign as alias,
        campaign_id as campaign_number,
        'google_ads:' || cast(campaign_id as string) as campaign_id,
        3 as alias_order,
        _loaded_at,
        _is_deleted
    from utm_campaigns
    union all
    select
        'gclid:' || gclid as alias,
        campaign_id as campaign_number,
        'google_ads:' || cast(campaign_id as string) as campaign_id,
        4 as alias_order,
        _loaded_at,
        _is_deleted
    from click_views

),

-- A number means itself. Of two campaigns with one tag, which cannot be told apart by it, the younger has it now.
ranked as (

    select
        *,
        row_number() over (
            partition by alias order by _is_deleted asc, alias_order asc, campaign_number desc
        ) as alias_rank
    from aliases

),

renamed as (

    select
        alias,
        campaign_id,
        'google_ads' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from ranked
    where alias_rank = 1

)

select * from renamed
