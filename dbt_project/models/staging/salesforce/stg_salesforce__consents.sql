with people as (

    select * from {{ ref('stg_salesforce__people') }}

),

history as (

    select * from {{ ref('stg_salesforce__person_history') }}

),

recorded as (

    select
        person_id,
        case field when 'HasOptedOutOfEmail' then 'marketing_email' else 'phone' end as purpose,
        case lower(new_value) when 'true' then 'withdrawn' else 'granted' end as status,
        changed_at,
        loaded_at,
        is_deleted
    from history
    where field in ('HasOptedOutOfEmail', 'DoNotCall')

),

-- Who stands there as opted out, nobody knows since when, has been so from the beginning. Not to have opted out is no
-- consent.
present as (

    select
        person_id,
        'marketing_email' as purpose,
        created_at,
        loaded_at,
        is_deleted
    from people
    where has_opted_out_of_email
    union all
    select
        person_id,
        'phone' as purpose,
        created_at,
        loaded_at,
        is_deleted
    from people
    where do_not_call

),

untraced as (

    select
        present.person_id,
        present.purpose,
        'withdrawn' as status,
        min(present.created_at) as changed_at,
        min(present.loaded_at) as loaded_at,
        max(case when present.is_deleted then 0 else 1 end) = 0 as is_deleted
    from present
    left join recorded on present.person_id = recorded.person_id and present.purpose = recorded.purpose
    where recorded.person_id is null
    group by present.person_id, present.purpose

),

unioned as (

    select * from recorded
    union all
    select * from untraced

),

-- Of an opt-out and its recall in one second the opt-out holds.
ranked as (

    select
        *,
        row_number() over (
            partition by person_id, purpose, changed_at order by is_deleted asc, status desc
        ) as change_rank
    from unioned

),

renamed as (

    select
        'salesforce:' || person_id as lead_id,
        purpose,
        status,
        changed_at,
        'salesforce' as source,
        loaded_at,
        is_deleted
    from ranked
    where change_rank = 1

)

select * from renamed
