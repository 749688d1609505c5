with attendances as (

    select * from {{ ref('stg_spreadsheets__attendances') }}

),

cold_emails as (

    select * from {{ ref('stg_spreadsheets__cold_emails') }}

),

offline_costs as (

    select * from {{ ref('stg_spreadsheets__offline_costs') }}

),

mentions as (

    select
        'spreadsheets:' || campaign_key as campaign_id,
        campaign as campaign_name,
        case kind when 'webinar' then 'Webinar' else 'Event' end as platform,
        cast(null as string) as parent_campaign_id,
        cast(held_at as date) as first_day,
        cast(held_at as date) as last_day,
        loaded_at,
        is_deleted
    from attendances
    where campaign_key is not null
    union all
    select
        'spreadsheets:' || sequence_key as campaign_id,
        sequence as campaign_name,
        'Cold e-mail' as platform,
        cast(null as string) as parent_campaign_id,
        cast(sent_at as date) as first_day,
        cast(sent_at as date) as last_day,
        loaded_at,
        is_deleted
    from cold_emails
    union all
    select
        campaign_id,
        campaign as campaign_name,
        'Offline' as platform,
        cast(null as string) as parent_campaign_id,
        first_day,
        last_day,
        loaded_at,
        is_deleted
    from offline_costs
    union all
    select
        spend_campaign_id as campaign_id,
        campaign || ' (' || coalesce(currency, 'reporting currency') || ')' as campaign_name,
        'Offline' as platform,
        campaign_id as parent_campaign_id,
        first_day,
        last_day,
        loaded_at,
        is_deleted
    from offline_costs
    where spend_campaign_id != campaign_id

),

ranked as (

    select
        *,
        row_number() over (
            partition by campaign_id
            order by is_deleted asc, last_day desc, loaded_at desc, campaign_name asc, platform asc
        ) as newest_first
    from mentions

),

renamed as (

    select
        campaign_id,
        min_by(campaign_name, newest_first) as campaign_name,
        min_by(platform, newest_first) as platform,
        min(parent_campaign_id) as parent_campaign_id,
        false as is_ad_group,
        coalesce(min(case when not is_deleted then first_day end), min(first_day)) as start_date,
        coalesce(max(case when not is_deleted then last_day end), max(last_day)) as end_date,
        cast(null as double) as budget_amount_local,
        cast(null as string) as currency,
        'spreadsheets' as source,
        max(loaded_at) as loaded_at,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from ranked
    group by campaign_id

)

select * from renamed
