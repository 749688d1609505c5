with opportunities as (

    select * from {{ ref('int_opportunities_dated') }}

),

amounts as (

    select * from {{ ref('int_opportunities_valued') }}

),

primary_leads as (

    select * from {{ ref('int_opportunity_leads') }}

),

leads as (

    select * from {{ ref('int_leads_described') }}

),

accounts as (

    select account_id, segment
    from {{ ref('accounts') }}
    where not is_deleted

),

stages as (

    select * from {{ ref('lifecycle_stages') }}
    where track = 'opportunity'

),

furthest_visits as (

    select entity_id, max(stage_order) as stage_order
    from {{ ref('int_stage_visits') }}
    where track = 'opportunity'
    group by entity_id

),

described as (

    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.owner_id,
        primary_leads.lead_id as primary_lead_id,
        primary_leads.matched_by as primary_lead_rule,
        opportunities.opportunity_type,
        opportunities.created_at,
        {{ local_date('opportunities.created_at', 'opportunities.created_at_precision') }} as created_date,
        opportunities.expected_close_date,
        opportunities.closed_at,
        {{ local_date('opportunities.closed_at', 'opportunities.closed_at_precision') }} as closed_date,
        opportunities.stage,
        greatest(coalesce(furthest_visits.stage_order, 0), coalesce(stages.stage_order, 0)) as furthest_stage_order,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.lost_reason,
        amounts.pipeline_amount,
        amounts.won_amount,
        amounts.current_amount,
        {{ days_between('opportunities.created_at', 'opportunities.closed_at') }} as cycle_days,
        leads.created_at as lead_created_at,
        {{ days_between('leads.created_at', 'opportunities.closed_at') }} as lead_to_close_days,
        coalesce(
            case
                when opportunities.created_at_precision = 'day' or leads.created_at_precision = 'day'
                    then
                        {{ local_date('opportunities.created_at', 'opportunities.created_at_precision') }}
                        < leads.created_date
                else opportunities.created_at < leads.created_at
            end,
            false
        ) as is_before_lead,
        leads.channel,
        leads.campaign_id,
        coalesce(persona_then.value, leads.persona) as persona,
        coalesce(segment_then.value, accounts.segment, leads.segment) as segment,
        coalesce(opportunities.product, leads.product) as product
    from opportunities
    inner join amounts on opportunities.opportunity_id = amounts.opportunity_id
    inner join primary_leads on opportunities.opportunity_id = primary_leads.opportunity_id
    left join leads on primary_leads.lead_id = leads.lead_id
    left join accounts on opportunities.account_id = accounts.account_id
    {{ join_attribute_at('persona', 'leads', 'primary_leads.lead_id', 'opportunities.created_at') }}
    {{ join_attribute_at('segment', 'accounts', 'opportunities.account_id', 'opportunities.created_at') }}
    left join stages on opportunities.stage = stages.stage
    left join furthest_visits on opportunities.opportunity_id = furthest_visits.entity_id

)

select * from described
