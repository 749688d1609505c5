-- Fails if the days of a campaign do not bear, to the cent, what the spreadsheets say was spent on it.
{{ config(
    enabled='spreadsheets' in enabled_sources(),
    meta={'dagster': {'ref': {'name': 'stg_spreadsheets__campaign_spend_daily'}}}
) }}

with given as (

    select
        spend_campaign_id as campaign_id,
        sum(cost_cents) as cents
    from {{ ref('stg_spreadsheets__offline_costs') }}
    where not is_deleted
    group by spend_campaign_id

),

divided as (

    select
        campaign_id,
        sum(cast(round(cost_amount_local * 100) as bigint)) as cents
    from {{ ref('stg_spreadsheets__campaign_spend_daily') }}
    where not is_deleted
    group by campaign_id

),

compared as (

    select
        coalesce(given.campaign_id, divided.campaign_id) as campaign_id,
        given.cents as given_cents,
        divided.cents as divided_cents
    from given
    full join divided on given.campaign_id = divided.campaign_id

)

select *
from compared
where given_cents is null or divided_cents is null or given_cents != divided_cents
