with events as (

    {{ latest_versions('raw_google_analytics', 'exported_events', ['event_date', 'event_id']) }}

),

leads as (
    {{ union_sources('leads', {'lead_id': 'string', 'email_key': 'string', 'is_deleted': 'boolean'}) }}
),

-- What a website may call a person: their id in the warehouse, or the key of their e-mail.
names_of_people as (

    select
        lead_id as person_name,
        lead_id
    from leads
    union all
    select
        email_key as person_name,
        min(lead_id) as lead_id
    from leads
    where email_key is not null and not is_deleted
    group by email_key

),

named as (

    select event_id, user_pseudo_id, occurred_at, _loaded_at, _is_deleted, lead_id as person_name, 1 as precedence
    from events
    where lead_id is not null
    union all
    select event_id, user_pseudo_id, occurred_at, _loaded_at, _is_deleted, user_id as person_name, 2 as precedence
    from events
    where user_id is not null
    union all
    select event_id, user_pseudo_id, occurred_at, _loaded_at, _is_deleted, email_key as person_name, 3 as precedence
    from events
    where email_key is not null

),

-- A name that no source knows is nobody's: the event stays anonymous.
recognised as (

    select
        named.event_id,
        named.user_pseudo_id as visitor_id,
        names_of_people.lead_id,
        named.occurred_at,
        named._loaded_at as loaded_at,
        named._is_deleted as is_deleted,
        row_number() over (
            partition by named.event_id order by named.precedence, names_of_people.lead_id
        ) as name_rank
    from named
    inner join names_of_people on named.person_name = names_of_people.person_name

),

renamed as (

    select
        event_id,
        visitor_id,
        lead_id,
        occurred_at,
        'google_analytics' as source,
        loaded_at,
        is_deleted
    from recognised
    where name_rank = 1

)

select * from renamed
