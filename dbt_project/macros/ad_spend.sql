{% macro ad_spend(source, campaigns='campaigns', groups='groups') %}
    {#-
        Columns of `campaign_spend_daily` from what an ad platform states per campaign and per ad group.

        Both CTEs have campaign_number, date, impressions, clicks, cost_micros, conversions, currency, _loaded_at and
        _is_deleted; `groups` has group_number too. An ad group is a campaign of its own below its campaign, which keeps
        what its groups do not explain: all of it where it has none. So each amount stands once, and the sum is what the
        platform states for its campaigns. Money is in millionths of the currency and whole, so that nothing is rounded.
    -#}
    select
        campaign_id,
        date,
        impressions,
        clicks,
        cost_micros / 1e6 as cost_amount_local,
        currency,
        platform_conversions,
        '{{ source }}' as source,
        loaded_at,
        is_deleted
    from (
        select
            '{{ source }}:' || campaign_number || '/' || group_number as campaign_id,
            date,
            impressions,
            clicks,
            cost_micros,
            conversions as platform_conversions,
            currency,
            _loaded_at as loaded_at,
            _is_deleted as is_deleted
        from {{ groups }}
        union all
        select
            '{{ source }}:' || campaigns.campaign_number as campaign_id,
            campaigns.date,
            campaigns.impressions - coalesce(explained.impressions, 0) as impressions,
            campaigns.clicks - coalesce(explained.clicks, 0) as clicks,
            campaigns.cost_micros - coalesce(explained.cost_micros, 0) as cost_micros,
            round(campaigns.conversions - coalesce(explained.conversions, 0), 6) as platform_conversions,
            campaigns.currency,
            campaigns._loaded_at as loaded_at,
            campaigns._is_deleted as is_deleted
        from {{ campaigns }} as campaigns
        left join (
            select
                campaign_number,
                date,
                -- A sum of whole numbers has more bits than they have.
                cast(sum(impressions) as bigint) as impressions,
                cast(sum(clicks) as bigint) as clicks,
                cast(sum(cost_micros) as bigint) as cost_micros,
                sum(conversions) as conversions
            from {{ groups }}
            where not _is_deleted
            group by campaign_number, date
        ) as explained
            on campaigns.campaign_number = explained.campaign_number and campaigns.date = explained.date
        where
            campaigns._is_deleted
            or explained.campaign_number is null
            or campaigns.cost_micros != explained.cost_micros
            or campaigns.impressions != explained.impressions
            or campaigns.clicks != explained.clicks
            or abs(campaigns.conversions - explained.conversions) > 1e-6
    ) as stated
{%- endmacro %}
