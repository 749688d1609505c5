{%- set dimensions = ['channel', 'campaign_id', 'persona', 'segment', 'product', 'country'] -%}

with conversions as (

    select * from {{ ref('fct_conversions') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

leads as (

    select lead_id, country, is_net_new from {{ ref('int_leads_described') }}

),

marketing_channels as (

    select channel from {{ ref('channels') }}
    where is_marketing

),

headline_windows as (

    select attribution_window, conversion_type from {{ ref('attribution_windows') }}
    where is_headline

),

-- The first of the playbook's models stands in for a headline model that it does not have.
headline_models as (

    select
        coalesce(
            max(case when attribution_model = {{ setting('headline_attribution_model') }} then attribution_model end),
            min_by(attribution_model, model_order)
        ) as attribution_model
    from {{ ref('attribution_models') }}

),

headline_credits as (

    select credits.*
    from {{ ref('fct_attributed_touches') }} as credits
    inner join headline_windows
        on
            credits.attribution_window = headline_windows.attribution_window
            and credits.conversion_type = headline_windows.conversion_type
    inner join headline_models on credits.attribution_model = headline_models.attribution_model

),

-- A deal was influenced where any touch that could have led to it was marketing's, whatever credit a model gives it.
influenced as (

    select distinct conversions.conversion_id
    from {{ ref('int_conversion_touches') }} as touches_of_conversions
    inner join {{ ref('int_conversion_journeys') }} as journeys
        on
            touches_of_conversions.conversion_order = journeys.conversion_order
            and touches_of_conversions.occurred_at > journeys.begins_after
            and touches_of_conversions.occurred_at <= journeys.touched_until
            and touches_of_conversions.scope_rank <= journeys.scope_rank
    inner join conversions on touches_of_conversions.conversion_order = conversions.conversion_order
    inner join headline_windows
        on
            journeys.attribution_window = headline_windows.attribution_window
            and conversions.conversion_type = headline_windows.conversion_type
    inner join {{ ref('int_touch_sources') }} as sources
        on touches_of_conversions.touch_source = sources.touch_source
    inner join marketing_channels on sources.channel = marketing_channels.channel

),

first_new_deals as (

    select conversion_id
    from (
        select
            conversion_id,
            row_number() over (
                partition by coalesce('account ' || account_id, 'lead ' || lead_id, 'opportunity ' || opportunity_id)
                order by converted_at nulls last, opportunity_id
            ) as deal_rank
        from conversions
        where conversion_type = 'won' and opportunity_type = 'new'
    ) as ranked
    where deal_rank = 1

),

conversion_events as (

    select
        conversions.month_start_date,
        conversions.conversion_type,
        conversions.conversion_number,
        conversions.opportunity_type,
        conversions.amount,
        marketing_channels.channel is not null as is_sourced,
        influenced.conversion_id is not null as is_influenced,
        first_new_deals.conversion_id is not null as is_new_customer,
        leads.is_net_new,
        {{ named(dimensions[:5], 'conversions') }},
        coalesce(leads.country, '(none)') as country
    from conversions
    left join marketing_channels on conversions.channel = marketing_channels.channel
    left join influenced on conversions.conversion_id = influenced.conversion_id
    left join first_new_deals on conversions.conversion_id = first_new_deals.conversion_id
    left join leads on conversions.lead_id = leads.lead_id

),

losses as (

    select
        {{ month_start('opportunities.closed_date') }} as month_start_date,
        {{ named(dimensions[:5], 'opportunities') }},
        coalesce(leads.country, '(none)') as country
    from opportunities
    left join leads on opportunities.primary_lead_id = leads.lead_id
    where opportunities.is_closed and not opportunities.is_won

),

-- Credit belongs to the channel and campaign of its touch; the rest is the deal's own.
credited_revenue as (

    select
        {{ month_start('credits.converted_date') }} as month_start_date,
        credits.amount,
        credits.margin_amount,
        credits.channel,
        coalesce(credits.campaign_id, '(none)') as campaign_id,
        {{ named(dimensions[2:5], 'conversions') }},
        coalesce(leads.country, '(none)') as country
    from headline_credits as credits
    inner join conversions on credits.conversion_id = conversions.conversion_id
    left join leads on conversions.lead_id = leads.lead_id
    where credits.conversion_type = 'won' and credits.channel != 'unattributed'

),

measured as (

    {{ measures_of('conversion_events', [
        ('leads', "conversion_type = 'lead'", '1.0'),
        ('net_new_leads', "conversion_type = 'lead' and is_net_new", '1.0'),
        ('mqls', "conversion_type = 'mql' and conversion_number = 1", '1.0'),
        ('mql_arrivals', "conversion_type = 'mql'", '1.0'),
        ('sqls', "conversion_type = 'sql' and conversion_number = 1", '1.0'),
        ('sql_arrivals', "conversion_type = 'sql'", '1.0'),
        ('opportunities', "conversion_type = 'opportunity'", '1.0'),
        ('first_opportunities', "conversion_type = 'opportunity' and conversion_number = 1", '1.0'),
        ('sourced_opportunities', "conversion_type = 'opportunity' and is_sourced", '1.0'),
        ('influenced_opportunities', "conversion_type = 'opportunity' and is_influenced", '1.0'),
        ('pipeline', "conversion_type = 'opportunity'", 'amount'),
        ('new_business_pipeline', "conversion_type = 'opportunity' and opportunity_type = 'new'", 'amount'),
        ('existing_business_pipeline', "conversion_type = 'opportunity' and opportunity_type != 'new'", 'amount'),
        ('sourced_pipeline', "conversion_type = 'opportunity' and is_sourced", 'amount'),
        ('influenced_pipeline', "conversion_type = 'opportunity' and is_influenced", 'amount'),
        ('won_deals', "conversion_type = 'won'", '1.0'),
        ('first_won_deals', "conversion_type = 'won' and conversion_number = 1", '1.0'),
        ('new_customers', 'is_new_customer', '1.0'),
        ('won_revenue', "conversion_type = 'won'", 'amount'),
        ('new_business_revenue', "conversion_type = 'won' and opportunity_type = 'new'", 'amount'),
        ('existing_business_revenue', "conversion_type = 'won' and opportunity_type != 'new'", 'amount'),
        ('new_customer_revenue', 'is_new_customer', 'amount'),
        ('sourced_revenue', "conversion_type = 'won' and is_sourced", 'amount'),
        ('influenced_revenue', "conversion_type = 'won' and is_influenced", 'amount'),
        ('closed_deals', "conversion_type = 'won'", '1.0'),
    ], dimensions) }}
    union all
    {{ measures_of('losses', [('closed_deals', 'true', '1.0')], dimensions) }}
    union all
    {{ measures_of('credited_revenue', [
        ('attributed_revenue', 'true', 'amount'),
        ('attributed_margin', 'true', 'margin_amount'),
    ], dimensions) }}

),

added_up as (

    select
        month_start_date,
        measure,
        {{ dimensions | join(',\n        ') }},
        {{ exact_sum('amount', 9) }} as amount,
        max(case when is_partly_unknown then 1 else 0 end) = 1 as is_partly_unknown
    from measured
    group by month_start_date, measure, {{ dimensions | join(', ') }}

)

select * from added_up
