with leads as (

    select * from {{ ref('int_leads_described') }}

),

opportunities as (

    select * from {{ ref('int_opportunities_described') }}

),

precisions as (

    select opportunity_id, created_at_precision, closed_at_precision
    from {{ ref('int_opportunities_dated') }}

),

margins as (

    select * from {{ ref('int_opportunity_margins') }}

),

qualifying_stages as (

    select
        case stage_role when 'marketing_qualified' then 'mql' else 'sql' end as conversion_type,
        min(stage_order) as stage_order
    from {{ ref('lifecycle_stages') }}
    where track = 'lead' and stage_role in ('marketing_qualified', 'sales_qualified')
    group by stage_role

),

visits as (

    select
        *,
        lag(stage_order) over (partition by entity_id order by position_on_track) as previous_stage_order
    from {{ ref('int_stage_visits') }}
    where track = 'lead'

),

-- A lead converts each time it comes as far from below: skipped stages are passed, and who returns qualifies anew.
qualified as (

    select
        qualifying_stages.conversion_type,
        visits.entity_id as lead_id,
        visits.entered_at as converted_at,
        visits.entered_at_precision as converted_at_precision,
        visits.is_inferred,
        row_number() over (
            partition by qualifying_stages.conversion_type, visits.entity_id order by visits.position_on_track
        ) as conversion_number
    from visits
    inner join qualifying_stages
        on
            visits.stage_order >= qualifying_stages.stage_order
            and coalesce(visits.previous_stage_order, 0) < qualifying_stages.stage_order

),

conversions_of_people as (

    select
        'lead' as conversion_type,
        lead_id,
        created_at as converted_at,
        created_at_precision as converted_at_precision,
        false as is_inferred,
        1 as conversion_number
    from leads
    union all
    select conversion_type, lead_id, converted_at, converted_at_precision, is_inferred, conversion_number
    from qualified

),

conversions_of_deals as (

    select
        'opportunity' as conversion_type,
        opportunities.opportunity_id,
        opportunities.created_at as converted_at,
        precisions.created_at_precision as converted_at_precision,
        opportunities.pipeline_amount as amount,
        cast(null as double) as margin_amount
    from opportunities
    inner join precisions on opportunities.opportunity_id = precisions.opportunity_id
    union all
    select
        'won' as conversion_type,
        opportunities.opportunity_id,
        opportunities.closed_at as converted_at,
        precisions.closed_at_precision as converted_at_precision,
        opportunities.won_amount as amount,
        opportunities.won_amount * margins.margin_rate as margin_amount
    from opportunities
    inner join precisions on opportunities.opportunity_id = precisions.opportunity_id
    left join margins on opportunities.opportunity_id = margins.opportunity_id
    where opportunities.is_won

),

conversions as (

    select
        conversions_of_people.conversion_type || ':' || leads.lead_id || case
            when conversions_of_people.conversion_type = 'lead' then ''
            else ':' || cast(conversions_of_people.conversion_number as {{ dbt.type_string() }})
        end as conversion_id,
        conversions_of_people.conversion_type,
        conversions_of_people.conversion_number,
        leads.lead_id,
        leads.account_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_id,
        cast(null as {{ dbt.type_string() }}) as opportunity_type,
        conversions_of_people.converted_at,
        conversions_of_people.converted_at_precision,
        cast(null as double) as amount,
        cast(null as double) as margin_amount,
        conversions_of_people.is_inferred,
        leads.channel,
        leads.campaign_id,
        coalesce(persona_then.value, leads.persona) as persona,
        coalesce(segment_then.value, leads.segment) as segment,
        leads.product
    from conversions_of_people
    inner join leads on conversions_of_people.lead_id = leads.lead_id
    {{ join_attribute_at('persona', 'leads', 'leads.lead_id', 'conversions_of_people.converted_at') }}
    {{ join_attribute_at('segment', 'accounts', 'leads.account_id', 'conversions_of_people.converted_at') }}
    union all
    select
        conversions_of_deals.conversion_type || ':' || opportunities.opportunity_id as conversion_id,
        conversions_of_deals.conversion_type,
        row_number() over (
            partition by
                conversions_of_deals.conversion_type,
                coalesce(
                    'account ' || opportunities.account_id,
                    'lead ' || opportunities.primary_lead_id,
                    'opportunity ' || opportunities.opportunity_id
                )
            order by conversions_of_deals.converted_at nulls last, opportunities.opportunity_id
        ) as conversion_number,
        opportunities.primary_lead_id as lead_id,
        opportunities.account_id,
        opportunities.opportunity_id,
        opportunities.opportunity_type,
        conversions_of_deals.converted_at,
        conversions_of_deals.converted_at_precision,
        conversions_of_deals.amount,
        conversions_of_deals.margin_amount,
        false as is_inferred,
        opportunities.channel,
        opportunities.campaign_id,
        opportunities.persona,
        opportunities.segment,
        opportunities.product
    from conversions_of_deals
    inner join opportunities on conversions_of_deals.opportunity_id = opportunities.opportunity_id

),

dated as (

    select
        *,
        row_number() over (order by converted_at nulls last, conversion_id) as conversion_order,
        {{ local_date('converted_at', 'converted_at_precision') }} as converted_date,
        {{ month_start(local_date('converted_at', 'converted_at_precision')) }} as month_start_date
    from conversions

)

select * from dated
