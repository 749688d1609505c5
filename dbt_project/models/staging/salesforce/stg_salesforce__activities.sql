with tasks as (

    {{ latest_versions('raw_salesforce', 'tasks', ['id']) }}

),

events as (

    {{ latest_versions('raw_salesforce', 'events', ['id']) }}

),

members as (

    {{ latest_versions('raw_salesforce', 'campaign_members', ['id']) }}

),

campaigns as (

    {{ latest_versions('raw_salesforce', 'campaigns', ['id']) }}

),

users as (

    {{ latest_versions('raw_salesforce', 'users', ['id']) }}

),

-- A task is done when it is closed. Its time is that of closing it, unless it was noted down on another day.
done_tasks as (

    select
        id as activity_id,
        who_id,
        account_id,
        coalesce(nullif(task_subtype, ''), 'Task') || ': ' || coalesce(type, subject, 'Other')
        || case when lower(subject) like '%[in]%' then ' [in]' else '' end as activity_type,
        case
            when activity_date is null or cast(completed_date_time as date) = activity_date
                then coalesce(completed_date_time, created_date)
            else cast(activity_date as timestamp)
        end as occurred_at,
        case
            when activity_date is null or cast(completed_date_time as date) = activity_date then 'second'
            else 'day'
        end as occurred_at_precision,
        case
            when lower(call_type) = 'inbound' then true
            when lower(type) like '%repl%' or lower(type) like '%inbound%' or lower(subject) like '%[in]%' then true
            when lower(type) like '%registered%' or lower(type) like '%attended%' then true
            else false
        end as is_inbound,
        owner_id,
        call_disposition as outcome,
        cast(null as string) as campaign_id,
        _loaded_at,
        _is_deleted
    from tasks
    where is_closed

),

-- An event that was entered before it began was booked then.
booked_events as (

    select
        id || ':booked' as activity_id,
        who_id,
        account_id,
        'Booked event: ' || coalesce(type, 'Meeting') as activity_type,
        created_date as occurred_at,
        'second' as occurred_at_precision,
        false as is_inbound,
        owner_id,
        cast(null as string) as outcome,
        cast(null as string) as campaign_id,
        _loaded_at,
        _is_deleted
    from events
    where created_date < start_date_time

),

held_events as (

    select
        id as activity_id,
        who_id,
        account_id,
        'Event: ' || coalesce(type, 'Meeting') as activity_type,
        start_date_time as occurred_at,
        case when is_all_day_event then 'day' else 'second' end as occurred_at_precision,
        false as is_inbound,
        owner_id,
        'held' as outcome,
        cast(null as string) as campaign_id,
        _loaded_at,
        _is_deleted
    from events

),

dated_members as (

    select
        members.*,
        'Member of ' || coalesce(campaigns.type, 'campaign') || ': ' as membership,
        {{ mapped_field('salesforce', 'campaign_members', 'registered_at', 'timestamp', relation='members') }}
            as registered_at,
        {{ mapped_field('salesforce', 'campaign_members', 'attended_at', 'timestamp', relation='members') }}
            as attended_at
    from members
    left join campaigns on members.campaign_id = campaigns.id

),

memberships as (

    select
        id || ':registered' as activity_id,
        coalesce(contact_id, lead_id) as who_id,
        membership || 'Registered' as activity_type,
        registered_at as occurred_at,
        'second' as occurred_at_precision,
        cast(null as string) as outcome,
        campaign_id,
        _loaded_at,
        _is_deleted
    from dated_members
    where registered_at is not null
    union all
    select
        id || ':attended' as activity_id,
        coalesce(contact_id, lead_id) as who_id,
        membership || 'Attended' as activity_type,
        attended_at as occurred_at,
        'second' as occurred_at_precision,
        'attended' as outcome,
        campaign_id,
        _loaded_at,
        _is_deleted
    from dated_members
    where attended_at is not null
    union all
    select
        id as activity_id,
        coalesce(contact_id, lead_id) as who_id,
        membership || coalesce(status, 'unknown') as activity_type,
        coalesce(cast(first_responded_date as timestamp), created_date) as occurred_at,
        case when first_responded_date is null then 'second' else 'day' end as occurred_at_precision,
        cast(null as string) as outcome,
        campaign_id,
        _loaded_at,
        _is_deleted
    from dated_members
    where registered_at is null and attended_at is null

),

unioned as (

    select * from done_tasks
    union all
    select * from booked_events
    union all
    select * from held_events
    union all
    select
        activity_id,
        who_id,
        cast(null as string) as account_id,
        activity_type,
        occurred_at,
        occurred_at_precision,
        true as is_inbound,
        cast(null as string) as owner_id,
        outcome,
        campaign_id,
        _loaded_at,
        _is_deleted
    from memberships

),

renamed as (

    select
        'salesforce:' || unioned.activity_id as activity_id,
        case when unioned.who_id like '00Q%' or unioned.who_id like '003%' then 'salesforce:' || unioned.who_id end
            as lead_id,
        cast(null as string) as visitor_id,
        'salesforce:' || unioned.account_id as account_id,
        unioned.activity_type,
        unioned.occurred_at,
        unioned.occurred_at_precision,
        unioned.is_inbound,
        case
            when unioned.is_inbound then 'person'
            when users.user_type = 'Standard' then 'rep'
            else 'automation'
        end as actor,
        case when users.user_type = 'Standard' then 'salesforce:' || users.id end as user_id,
        unioned.outcome,
        'salesforce:' || unioned.campaign_id as campaign_id,
        cast(null as string) as content_id,
        cast(null as string) as click_id,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        cast(null as string) as utm_content,
        cast(null as string) as utm_term,
        cast(null as string) as referrer,
        cast(null as string) as landing_page,
        cast(null as string) as url,
        cast(null as string) as channel,
        cast(null as double) as value,
        'salesforce' as source,
        unioned._loaded_at as loaded_at,
        unioned._is_deleted as is_deleted
    from unioned
    left join users on unioned.owner_id = users.id

)

select * from renamed
