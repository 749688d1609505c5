with leads as (

    select * from {{ ref('int_leads_described') }}

),

visits as (

    select * from {{ ref('int_stage_visits') }}
    where track = 'lead'

),

current_visits as (

    select * from visits
    where is_current

),

furthest_visits as (

    select entity_id, max(stage_order) as stage_order
    from visits
    group by entity_id

),

deals as (

    select
        primary_lead_id,
        max(furthest_stage_order) as furthest_stage_order,
        max(case when is_won then 1 else 0 end) = 1 as is_won
    from {{ ref('fct_opportunities') }}
    where {{ is_own_deal('primary_lead_rule') }}
    group by primary_lead_id

),

scores as (

    select * from {{ ref('fct_lead_scores') }}
    where is_in_force

),

-- A person known to two systems has a record in each; a second one in the same system is a duplicate.
records as (

    select
        canonical_id,
        count(*) - count(distinct source) as duplicate_count
    from {{ ref('identity_map') }}
    where object_type = 'lead' and is_current
    group by canonical_id

),

described as (

    select
        leads.lead_id,
        leads.account_id,
        leads.persona,
        leads.segment,
        leads.product,
        leads.country,
        leads.lead_source,
        leads.channel,
        leads.campaign_id,
        leads.origin_rule,
        leads.first_touch_at,
        leads.created_at,
        leads.created_at_precision,
        leads.created_date,
        {{ month_start('leads.created_date') }} as created_month_start_date,
        current_visits.stage as current_stage,
        current_visits.entered_at as current_stage_entered_at,
        greatest(
            coalesce(furthest_visits.stage_order, 0),
            coalesce(deals.furthest_stage_order, 0)
        ) as furthest_stage_order,
        leads.is_internal,
        leads.is_net_new,
        coalesce(records.duplicate_count, 0) as duplicate_count,
        deals.primary_lead_id is not null as has_opportunity,
        coalesce(deals.is_won, false) as is_customer,
        scores.fit_score,
        scores.intent_score,
        scores.is_good_fit as is_in_icp
    from leads
    left join current_visits on leads.lead_id = current_visits.entity_id
    left join furthest_visits on leads.lead_id = furthest_visits.entity_id
    left join deals on leads.lead_id = deals.primary_lead_id
    left join scores on leads.lead_id = scores.lead_id
    left join records on leads.lead_id = records.canonical_id

)

select * from described
