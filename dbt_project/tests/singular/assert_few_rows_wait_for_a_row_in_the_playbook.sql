-- Fails if so many stages or activities of a source are in words that the playbook does not know that numbers mislead.
{{ config(meta={'dagster': {'ref': {'name': 'quarantine'}}}) }}

with waiting as (

    select source, entity, count(*) as row_count
    from {{ ref('quarantine') }}
    where file in ('stage_mappings.csv', 'activity_mappings.csv')
    group by source, entity

),

accepted as (

    select source, 'lead_stage_changes' as entity, count(*) as row_count from {{ ref('lead_stage_changes') }}
    group by source
    union all
    select source, 'opportunity_stage_changes' as entity, count(*) as row_count
    from {{ ref('opportunity_stage_changes') }}
    group by source
    union all
    select source, 'activities' as entity, count(*) as row_count from {{ ref('activities') }}
    group by source

)

select
    waiting.source,
    waiting.entity,
    waiting.row_count
from waiting
left join accepted on waiting.source = accepted.source and waiting.entity = accepted.entity
where
    waiting.row_count
    > (waiting.row_count + coalesce(accepted.row_count, 0)) * {{ setting('most_unknown_words_rate', 'double') }}
