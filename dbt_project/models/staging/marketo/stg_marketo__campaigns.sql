with versions as (

    {{ latest_versions('raw_marketo', 'programs', ['id']) }}

),

renamed as (

    select
        'marketo:' || cast(id as string) as campaign_id,
        name as campaign_name,
        channel as platform,
        cast(null as string) as parent_campaign_id,
        false as is_ad_group,
        cast(coalesce(start_date, created_at) as date) as start_date,
        cast(end_date as date) as end_date,
        cast(null as double) as budget_amount_local,
        cast(null as string) as currency,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
