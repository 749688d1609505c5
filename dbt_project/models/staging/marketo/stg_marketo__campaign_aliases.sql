with versions as (

    {{ latest_versions('raw_marketo', 'programs', ['id']) }}

),

-- Two programs with one tag: the younger has it now.
renamed as (

    select
        tag_utm_campaign as alias,
        'marketo:' || cast(max(id) as string) as campaign_id,
        'marketo' as source,
        max(_loaded_at) as loaded_at,
        false as is_deleted
    from versions
    where nullif(trim(tag_utm_campaign), '') is not null and not _is_deleted
    group by tag_utm_campaign

)

select * from renamed
