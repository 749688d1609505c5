-- Fails if a won deal stands in a stage that is not won, or the other way round; so too for closed deals.
{{ config(meta={'dagster': {'ref': {'name': 'fct_opportunities'}}}) }}

with opportunities as (

    select * from {{ ref('fct_opportunities') }}

),

stages as (

    select * from {{ ref('dim_stages') }}
    where track = 'opportunity'

),

compared as (

    select
        opportunities.opportunity_id,
        opportunities.stage,
        stages.stage_role,
        opportunities.is_won,
        opportunities.is_closed
    from opportunities
    left join stages on opportunities.stage = stages.stage

)

select * from compared
where
    is_won != coalesce(stage_role = 'won', false)
    or is_closed != coalesce(stage_role in ('won', 'lost'), false)
