-- Fails if an activity of a lead with a piece of content is no interaction, or one that was none is.
{{ config(meta={'dagster': {'ref': {'name': 'fct_content_interactions'}}}) }}

with met as (

    select activities.activity_id
    from {{ ref('int_activities_classified') }} as activities
    inner join {{ ref('dim_leads') }} as leads on activities.lead_id = leads.lead_id
    where activities.content_id is not null

)

select met.activity_id as met_id, interactions.activity_id as interaction_id
from met
full outer join {{ ref('fct_content_interactions') }} as interactions on met.activity_id = interactions.activity_id
where met.activity_id is null or interactions.activity_id is null
