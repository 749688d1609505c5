with leads as (

    {{ latest_versions('raw_marketo', 'leads', ['id']) }}

),

changes as (

    {{ latest_versions('raw_marketo', 'lead_changes', ['marketo_guid', 'field']) }}

),

-- Opting in is a field of the person, objecting and coming back are changes of another one.
renamed as (

    select
        'marketo:' || cast(id as string) as lead_id,
        'marketing_email' as purpose,
        'granted' as status,
        email_opt_in_date as changed_at,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from leads
    where email_opt_in and email_opt_in_date is not null
    union all
    select
        'marketo:' || cast(lead_id as string) as lead_id,
        'marketing_email' as purpose,
        case when max(lower(new_value)) in ('true', '1') then 'withdrawn' else 'granted' end as status,
        activity_date as changed_at,
        'marketo' as source,
        max(_loaded_at) as loaded_at,
        min(cast(_is_deleted as int)) = 1 as is_deleted
    from changes
    where field = 'unsubscribed'
    group by lead_id, activity_date

)

select * from renamed
