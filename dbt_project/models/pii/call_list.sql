with call_list as (

    select
        list_rank,
        lead_id,
        account_id,
        full_name,
        email,
        phone,
        company_name,
        current_stage,
        grade,
        quadrant,
        fit_score,
        intent_score,
        learned_probability,
        last_activity,
        last_activity_at,
        reason,
        recommended_action,
        owner_id,
        owner_region,
        sla_state,
        sla_due_at
    from {{ ref('contact_lists') }}
    where list = 'call'

)

select * from call_list
