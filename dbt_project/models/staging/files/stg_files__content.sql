with versions as (

    {{ latest_versions('raw_files', 'content', ['content_id']) }}

),

renamed as (

    select
        content_id,
        content_name,
        content_type,
        topic,
        funnel_phase,
        'files' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
