with versions as (

    {{ latest_of_files(
        'raw_spreadsheets', 'offline_spend', ['campaign_key', 'first_day', 'last_day', 'item_key', 'currency']
    ) }}

),

currencies as (

    select
        campaign_key,
        count(distinct coalesce(currency, '')) as currency_count
    from versions
    where not _is_deleted
    group by campaign_key

),

-- A day of a campaign has one currency: what is paid in another than its only one is a campaign of its own below it.
renamed as (

    select
        'spreadsheets:' || versions.campaign_key as campaign_id,
        'spreadsheets:' || versions.campaign_key
        || case when currencies.currency_count > 1 then '/' || coalesce(versions.currency, 'reporting') else '' end
            as spend_campaign_id,
        versions.campaign,
        versions.item_key,
        versions.first_day,
        versions.last_day,
        cast(round(versions.cost * 100) as bigint) as cost_cents,
        versions.currency,
        versions.impressions,
        versions._loaded_at as loaded_at,
        versions._is_deleted as is_deleted
    from versions
    left join currencies on versions.campaign_key = currencies.campaign_key

)

select * from renamed
