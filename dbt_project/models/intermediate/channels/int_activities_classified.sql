with activities as (

    select
        *,
        {{ local_date('occurred_at', 'occurred_at_precision') }} as occurred_date
    from {{ ref('activities') }}
    where not is_deleted

),

campaigns as (

    select campaign_id from {{ ref('campaigns') }}
    where not is_deleted

),

campaign_aliases as (

    select lower(alias) as alias, max(campaign_id) as campaign_id
    from {{ ref('campaign_aliases') }}
    where not is_deleted
    group by lower(alias)

),

-- A visitor whom several people share (one computer) counts as the first of them.
visitors as (

    select visitor_id, lead_id, linked_at
    from (
        select
            *,
            row_number() over (partition by visitor_id order by linked_at, lead_id) as link_rank
        from {{ ref('identity_links') }}
        where not is_deleted
    ) as links
    where link_rank = 1

),

channel_rules as (

    select * from {{ ref('channel_rules') }}

),

touch_rules as (

    select * from {{ ref('touch_rules') }}

),

-- Rules change on few days: between two of them an equal signal gets an equal verdict, so each is judged once.
validity_bounds as (

    select valid_from as bound from channel_rules
    union
    select valid_to as bound from channel_rules
    union
    select valid_from as bound from touch_rules
    union
    select valid_to as bound from touch_rules
    union
    select date '0001-01-01' as bound

),

rule_periods as (

    select
        bound as valid_on,
        lead(bound, 1, date '9999-12-31') over (order by bound) as next_bound
    from validity_bounds
    where bound is not null

),

signals_of_activities as (

    select
        activities.activity_id,
        coalesce(activities.lead_id, visitors.lead_id) as lead_id,
        activities.account_id,
        activities.visitor_id,
        activities.activity_type,
        activities.occurred_at,
        activities.occurred_at_precision,
        activities.content_id,
        activities.outcome,
        {{ page_path('activities.url') }} as page,
        activities.source,
        activities.loaded_at,
        case when activities.lead_id is null then visitors.linked_at end as recognised_at,
        activities.channel as source_channel,
        coalesce(activities.actor, '') as actor,
        coalesce(lower(split_part(activities.click_id, ':', 1)) || ':', '') as click_id,
        coalesce(lower(activities.utm_source), '') as utm_source,
        coalesce(lower(activities.utm_medium), '') as utm_medium,
        coalesce(lower(activities.utm_campaign), '') as utm_campaign,
        coalesce({{ bare_domain('activities.referrer') }}, '') as referrer,
        coalesce(lower(split_part(activities.landing_page, '?', 1)), '') as landing_page,
        '' as lead_source,
        rule_periods.valid_on,
        activities.campaign_id as given_campaign_id,
        coalesce(
            named_campaigns.campaign_id,
            aliases_of_id.campaign_id,
            aliases_of_utm.campaign_id,
            aliases_of_click.campaign_id
        ) as campaign_id
    from activities
    left join visitors on activities.visitor_id = visitors.visitor_id
    left join campaigns as named_campaigns on activities.campaign_id = named_campaigns.campaign_id
    left join campaign_aliases as aliases_of_id on lower(activities.campaign_id) = aliases_of_id.alias
    left join campaign_aliases as aliases_of_utm on lower(activities.utm_campaign) = aliases_of_utm.alias
    left join campaign_aliases as aliases_of_click on lower(activities.click_id) = aliases_of_click.alias
    inner join rule_periods
        on
            activities.occurred_date >= rule_periods.valid_on
            and activities.occurred_date < rule_periods.next_bound

),

channel_signals as (

    select distinct
        activity_type, click_id, utm_source, utm_medium, utm_campaign, referrer, landing_page, lead_source, valid_on
    from signals_of_activities

),

channels_of_signals as (

    select
        channel_signals.*,
        min_by(channel_rules.channel, channel_rules.priority) as channel
    from channel_signals
    inner join channel_rules
        on
            {{ matches_channel_rule('channel_signals', 'channel_rules') }}
            and {{ is_valid_on('channel_rules', 'channel_signals.valid_on') }}
    group by {{ range(1, 10) | join(', ') }}

),

touch_signals as (

    select distinct activity_type, actor, valid_on
    from signals_of_activities

),

touches_of_signals as (

    select
        touch_signals.*,
        min_by(touch_rules.is_touch, touch_rules.priority) as is_touch
    from touch_signals
    inner join touch_rules
        on
            {{ matches_pattern('touch_signals.activity_type', "coalesce(touch_rules.activity_type, '.*')") }}
            and {{ matches_pattern('touch_signals.actor', "coalesce(touch_rules.actor, '.*')") }}
            and {{ is_valid_on('touch_rules', 'touch_signals.valid_on') }}
    group by touch_signals.activity_type, touch_signals.actor, touch_signals.valid_on

),

classified as (

    select
        signals.activity_id,
        signals.lead_id,
        signals.account_id,
        signals.visitor_id,
        signals.activity_type,
        signals.occurred_at,
        signals.occurred_at_precision,
        signals.content_id,
        nullif(signals.actor, '') as actor,
        signals.outcome,
        signals.page,
        signals.source,
        signals.loaded_at,
        signals.recognised_at,
        signals.campaign_id,
        nullif(signals.utm_source, '') as utm_source,
        nullif(signals.utm_medium, '') as utm_medium,
        nullif(signals.utm_campaign, '') as utm_campaign,
        coalesce(nullif(signals.utm_campaign, ''), signals.given_campaign_id) as campaign_tag,
        nullif(signals.click_id, '') as click_kind,
        coalesce(signals.source_channel, channels_of_signals.channel, 'unclassified') as channel,
        coalesce(touches_of_signals.is_touch, false) as is_touch
    from signals_of_activities as signals
    left join channels_of_signals
        on
            signals.activity_type = channels_of_signals.activity_type
            and signals.click_id = channels_of_signals.click_id
            and signals.utm_source = channels_of_signals.utm_source
            and signals.utm_medium = channels_of_signals.utm_medium
            and signals.utm_campaign = channels_of_signals.utm_campaign
            and signals.referrer = channels_of_signals.referrer
            and signals.landing_page = channels_of_signals.landing_page
            and signals.valid_on = channels_of_signals.valid_on
    left join touches_of_signals
        on
            signals.activity_type = touches_of_signals.activity_type
            and signals.actor = touches_of_signals.actor
            and signals.valid_on = touches_of_signals.valid_on

)

select * from classified
