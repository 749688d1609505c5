with pages as (

    {{ latest_versions('raw_hubspot', 'pages', ['id']) }}

),

forms as (

    {{ latest_versions('raw_hubspot', 'forms', ['id']) }}

),

emails as (

    {{ latest_versions('raw_hubspot', 'marketing_emails', ['id']) }}

),

unioned as (

    select
        'hubspot:page:' || id as content_id,
        name as content_name,
        case when page_type = 'landing' then 'landing page' else 'page' end as content_type,
        _loaded_at,
        _is_deleted
    from pages
    union all
    select 'hubspot:form:' || id as content_id, name as content_name, 'form' as content_type, _loaded_at, _is_deleted
    from forms
    union all
    select 'hubspot:email:' || id as content_id, name as content_name, 'email' as content_type, _loaded_at, _is_deleted
    from emails

),

renamed as (

    select
        content_id,
        content_name,
        content_type,
        cast(null as string) as topic,
        cast(null as string) as funnel_phase,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from unioned

)

select * from renamed
