with nurture_list as (

    select
        list_rank,
        lead_id,
        account_id,
        full_name,
        email,
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
        nurture_track,
        return_due_date
    from {{ ref('contact_lists') }}
    where list = 'nurture'

)

select * from nurture_list
