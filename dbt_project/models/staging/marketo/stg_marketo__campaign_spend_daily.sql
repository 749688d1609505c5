with versions as (

    {{ latest_versions('raw_marketo', 'program_costs', ['program_id', 'start_date']) }}

),

renamed as (

    select
        'marketo:' || cast(program_id as string) as campaign_id,
        start_date as date,
        cast(null as bigint) as impressions,
        cast(null as bigint) as clicks,
        cost as cost_amount_local,
        currency,
        cast(null as double) as platform_conversions,
        'marketo' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from versions

)

select * from renamed
