with versions as (

    {{ latest_versions('raw_salesforce', 'campaigns', ['id']) }}

),

aliases as (

    select
        {{ mapped_field('salesforce', 'campaigns', 'utm_campaign') }} as alias,
        id,
        _loaded_at,
        _is_deleted
    from versions
    union all
    select
        {{ mapped_field('salesforce', 'campaigns', 'platform_campaign_id') }} as alias,
        id,
        _loaded_at,
        _is_deleted
    from versions

),

-- Two campaigns with one tag cannot be told apart by it; the older one has it.
ranked as (

    select
        *,
        row_number() over (partition by alias order by _is_deleted, id) as alias_rank
    from aliases
    where alias is not null

),

renamed as (

    select
        alias,
        'salesforce:' || id as campaign_id,
        'salesforce' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from ranked
    where alias_rank = 1

)

select * from renamed
