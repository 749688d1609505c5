with statuses as (

    {{ latest_versions('raw_hubspot', 'subscription_statuses', ['subscriber_id_string', 'subscription_id']) }}

),

changes as (

    {{ latest_versions('raw_hubspot', 'subscription_changes', ['event_id', 'subscription_id']) }}

),

types as (

    {{ latest_versions('raw_hubspot', 'subscription_types', ['id']) }}

),

addresses as (

    select * from {{ ref('stg_hubspot__addresses') }}

),

-- The present status says when it was set, the e-mail events what was before; the same change may stand in both.
unioned as (

    select
        subscriber_id_string as email,
        subscription_id,
        status,
        changed_at,
        _loaded_at,
        _is_deleted
    from statuses
    where changed_at is not null
    union all
    select recipient as email, subscription_id, status, changed_at, _loaded_at, _is_deleted
    from changes

),

named as (

    select
        addresses.lead_id,
        lower(replace(types.name, ' ', '_')) as purpose,
        case unioned.status when 'SUBSCRIBED' then 'granted' else 'withdrawn' end as status,
        unioned.changed_at,
        unioned._loaded_at,
        unioned._is_deleted,
        row_number() over (
            partition by addresses.lead_id, types.name, unioned.changed_at
            order by unioned._is_deleted asc, unioned._loaded_at desc, unioned.status asc
        ) as repeat_number
    from unioned
    inner join addresses on lower(unioned.email) = addresses.email
    inner join types on unioned.subscription_id = types.id
    where unioned.status in ('SUBSCRIBED', 'UNSUBSCRIBED', 'NOT_SUBSCRIBED')

),

renamed as (

    select
        lead_id,
        purpose,
        status,
        changed_at,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from named
    where repeat_number = 1

)

select * from renamed
