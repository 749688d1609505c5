with leads as (

    select
        *,
        {{ local_date('created_at', 'created_at_precision') }} as created_date,
        {{ days_before(
            standing_at('created_at', 'created_at_precision'), headline_look_back_days('lead')
        ) }} as earliest_origin_at,
        {{ touched_until('created_at', 'created_at_precision') }} as latest_origin_at
    from {{ ref('leads') }}
    where not is_deleted

),

touches as (

    select * from {{ ref('int_touches') }}
    where lead_id is not null

),

channel_rules as (

    select * from {{ ref('channel_rules') }}

),

touches_before_leads as (

    select
        leads.lead_id,
        touches.touch_id,
        touches.channel,
        touches.campaign_id,
        row_number() over (partition by leads.lead_id order by touches.touch_order desc) as touch_rank
    from leads
    inner join touches
        on
            leads.lead_id = touches.lead_id
            and leads.earliest_origin_at < touches.occurred_at
            and leads.latest_origin_at >= touches.occurred_at

),

-- The lead-creation touch: the latest one at or before the lead.
creation_touches as (

    select * from touches_before_leads
    where touch_rank = 1

),

first_touches as (

    select lead_id, min(occurred_at) as first_touch_at
    from touches
    group by lead_id

),

lead_source_signals as (

    select distinct
        '' as activity_type,
        '' as click_id,
        '' as utm_source,
        '' as utm_medium,
        '' as utm_campaign,
        '' as referrer,
        '' as landing_page,
        lower(trim(lead_source)) as lead_source,
        created_date
    from leads
    where lead_source is not null

),

-- Only rules that speak of a lead source may judge by it; otherwise "no tag, no referrer" would call every lead direct.
channels_of_lead_sources as (

    select
        lead_source_signals.lead_source,
        lead_source_signals.created_date,
        min_by(channel_rules.channel, channel_rules.priority) as channel
    from lead_source_signals
    inner join channel_rules
        on
            channel_rules.lead_source is not null
            and {{ matches_channel_rule('lead_source_signals', 'channel_rules') }}
            and {{ is_valid_on('channel_rules', 'lead_source_signals.created_date') }}
    group by lead_source_signals.lead_source, lead_source_signals.created_date

),

originated as (

    select
        leads.lead_id,
        coalesce(creation_touches.channel, channels_of_lead_sources.channel, 'unclassified') as channel,
        creation_touches.campaign_id,
        creation_touches.touch_id as creation_touch_id,
        case
            when creation_touches.channel is not null then 'creation_touch'
            when channels_of_lead_sources.channel is not null then 'lead_source'
            else 'none'
        end as origin_rule,
        first_touches.first_touch_at
    from leads
    left join first_touches on leads.lead_id = first_touches.lead_id
    left join creation_touches on leads.lead_id = creation_touches.lead_id
    left join channels_of_lead_sources
        on
            lower(trim(leads.lead_source)) = channels_of_lead_sources.lead_source
            and leads.created_date = channels_of_lead_sources.created_date

)

select * from originated
