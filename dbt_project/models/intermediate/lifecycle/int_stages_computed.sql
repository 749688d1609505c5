with qualifications as (

    select * from {{ ref('int_qualifications') }}
    where score_version = {{ setting('score_version', 'int') }}

),

stages_met as (

    select
        lead_id,
        stage_order,
        occurred_at as met_at,
        criterion_id,
        reached_by
    from qualifications
    where crossing_number = 1

)

select * from stages_met
