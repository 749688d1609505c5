with activities as (

    select * from {{ ref('int_activities_classified') }}

),

direct_channels as (

    select channel from {{ ref('channels') }}
    where is_direct

),

pairs as (

    select distinct channel, campaign_id
    from activities
    where is_touch

),

touched_channels as (

    select distinct channel from pairs

),

touched_campaigns as (

    select campaign_id from pairs
    union
    select cast(null as {{ dbt.type_string() }}) as campaign_id

),

-- A touch has the channel of its first activity, and the campaign may be a later one's: any of them with any.
combined as (

    select touched_channels.channel, touched_campaigns.campaign_id
    from touched_channels
    cross join touched_campaigns

),

numbered as (

    select
        row_number() over (order by combined.channel, combined.campaign_id nulls first) as touch_source,
        combined.channel,
        combined.campaign_id,
        direct_channels.channel is not null as is_direct
    from combined
    left join direct_channels on combined.channel = direct_channels.channel

)

select * from numbered
