with versions as (

    {{ latest_versions('raw_hubspot', 'campaigns', ['id']) }}

),

-- Two campaigns may be given one UTM value by mistake: then the later one has it.
aliases as (

    select
        *,
        row_number() over (partition by hs_utm order by _is_deleted asc, created_at desc, id asc) as repeat_number
    from versions
    where hs_utm != ''

),

renamed as (

    select
        hs_utm as alias,
        'hubspot:' || id as campaign_id,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from aliases
    where repeat_number = 1

)

select * from renamed
