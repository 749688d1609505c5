with contributions as (

    select
        outcome,
        lead_id,
        feature,
        text_value,
        number_value,
        contribution,
        contribution_rank
    from {{ ref('int_learned_contributions') }}

)

select * from contributions
