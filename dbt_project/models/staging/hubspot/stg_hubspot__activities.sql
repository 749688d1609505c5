with web_events as (

    {{ latest_versions('raw_hubspot', 'web_events', ['id']) }}

),

forms as (

    {{ latest_versions('raw_hubspot', 'forms', ['id']) }}

),

form_submissions as (

    {{ latest_versions('raw_hubspot', 'form_submissions', ['conversion_id']) }}

),

email_events as (

    {{ latest_versions('raw_hubspot', 'email_events', ['id']) }}

),

marketing_emails as (

    {{ latest_versions('raw_hubspot', 'marketing_emails', ['id']) }}

),

marketing_email_campaigns as (

    {{ latest_versions('raw_hubspot', 'marketing_email_campaigns', ['email_campaign_id']) }}

),

calls as (

    {{ latest_versions('raw_hubspot', 'calls', ['id']) }}

),

meetings as (

    {{ latest_versions('raw_hubspot', 'meetings', ['id']) }}

),

emails as (

    {{ latest_versions('raw_hubspot', 'emails', ['id']) }}

),

tasks as (

    {{ latest_versions('raw_hubspot', 'tasks', ['id']) }}

),

notes as (

    {{ latest_versions('raw_hubspot', 'notes', ['id']) }}

),

engagement_contacts as (

    select engagement_id, contact_id
    from (
        {{ latest_versions('raw_hubspot', 'engagement_contacts', ['engagement_id', 'contact_id']) }}
    ) as associated
    where not _is_deleted

),

addresses as (

    select * from {{ ref('stg_hubspot__addresses') }}

),

web_done as (

    select
        'hubspot:' || web_events.id as activity_id,
        'hubspot:' || web_events.object_id as lead_id,
        'web: ' || web_events.event_type as activity_type,
        web_events.occurred_at,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as user_id,
        web_events.outcome,
        'hubspot:' || web_events.hs_campaign_guid as campaign_id,
        'hubspot:page:' || web_events.hs_page_id as content_id,
        web_events.click_id,
        web_events.utm_source,
        web_events.utm_medium,
        web_events.utm_campaign,
        web_events.utm_content,
        web_events.utm_term,
        web_events.hs_referrer as referrer,
        web_events.url,
        web_events._loaded_at,
        web_events._is_deleted
    from web_events

),

forms_sent_in as (

    select
        'hubspot:' || form_submissions.conversion_id as activity_id,
        addresses.lead_id,
        'form: ' || coalesce(forms.name, form_submissions.form_id) as activity_type,
        form_submissions.submitted_at as occurred_at,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as user_id,
        cast(null as string) as outcome,
        cast(null as string) as campaign_id,
        'hubspot:form:' || form_submissions.form_id as content_id,
        form_submissions.click_id,
        form_submissions.utm_source,
        form_submissions.utm_medium,
        form_submissions.utm_campaign,
        form_submissions.utm_content,
        form_submissions.utm_term,
        cast(null as string) as referrer,
        form_submissions.url,
        form_submissions._loaded_at,
        form_submissions._is_deleted
    from form_submissions
    left join forms on form_submissions.form_id = forms.id
    left join addresses on lower(form_submissions.email) = addresses.email

),

emails_of_campaigns as (

    select
        'hubspot:' || email_events.id as activity_id,
        addresses.lead_id,
        concat(
            'email: ', email_events.type, coalesce(': ' || email_events.portal_subscription_status, '')
        ) as activity_type,
        email_events.created as occurred_at,
        email_events.type in ('OPEN', 'CLICK', 'PRINT', 'FORWARD', 'STATUSCHANGE', 'SPAMREPORT') as is_inbound,
        case
            when email_events.type in ('OPEN', 'CLICK', 'PRINT', 'FORWARD', 'STATUSCHANGE', 'SPAMREPORT') then 'person'
            else 'automation'
        end as actor,
        cast(null as string) as user_id,
        cast(null as string) as outcome,
        'hubspot:' || nullif(marketing_emails.campaign, '') as campaign_id,
        'hubspot:email:' || marketing_emails.id as content_id,
        email_events.click_id,
        email_events.utm_source,
        email_events.utm_medium,
        email_events.utm_campaign,
        email_events.utm_content,
        email_events.utm_term,
        cast(null as string) as referrer,
        email_events.url,
        email_events._loaded_at,
        email_events._is_deleted
    from email_events
    left join marketing_email_campaigns
        on email_events.email_campaign_id = marketing_email_campaigns.email_campaign_id
    left join marketing_emails on marketing_email_campaigns.email_id = marketing_emails.id
    left join addresses on lower(email_events.recipient) = addresses.email

),

engagements as (

    select
        id,
        id as engagement_name,
        'call' as activity_type,
        coalesce(hs_timestamp, hs_createdate) as occurred_at,
        coalesce(hs_call_direction = 'INBOUND', false) as is_inbound,
        hubspot_owner_id,
        case hs_call_disposition
            when 'f240bbac-87c9-4f6e-bf70-924b57d47db7' then 'connected'
            when 'a4c4c377-d246-4b32-a13b-75a56a4cd0ff' then 'left live message'
            when 'b2cf5968-551e-4856-9783-52b3da59a7d0' then 'voicemail'
            when '73a0d17f-1163-4015-bdd5-ec830791da20' then 'no answer'
            when '9d9162e7-6cf3-4944-bf63-4dff82258764' then 'busy'
            when '17b47fee-58de-441e-a44c-c6300d46f273' then 'wrong number'
            else hs_call_disposition
        end as outcome,
        _loaded_at,
        _is_deleted
    from calls
    union all
    -- A meeting that was entered before it began was booked then.
    select
        id,
        id || ':booked' as engagement_name,
        'meeting: booked' as activity_type,
        hs_createdate as occurred_at,
        coalesce(hs_meeting_source in ('MEETINGS_PUBLIC', 'MEETINGS_EMBEDDED'), false) as is_inbound,
        hubspot_owner_id,
        cast(null as string) as outcome,
        _loaded_at,
        _is_deleted
    from meetings
    where hs_createdate < hs_meeting_start_time
    union all
    select
        id,
        id as engagement_name,
        'meeting: held' as activity_type,
        hs_meeting_start_time as occurred_at,
        false as is_inbound,
        hubspot_owner_id,
        'held' as outcome,
        _loaded_at,
        _is_deleted
    from meetings
    where
        hs_meeting_outcome = 'COMPLETED'
        or (nullif(hs_meeting_outcome, '') is null and hs_createdate >= hs_meeting_start_time)
    union all
    select
        id,
        id as engagement_name,
        'sales e-mail: ' || coalesce(hs_email_direction, 'EMAIL') as activity_type,
        coalesce(hs_timestamp, hs_createdate) as occurred_at,
        coalesce(hs_email_direction = 'INCOMING_EMAIL', false) as is_inbound,
        hubspot_owner_id,
        cast(null as string) as outcome,
        _loaded_at,
        _is_deleted
    from emails
    union all
    select
        id,
        id as engagement_name,
        'task' as activity_type,
        coalesce(hs_timestamp, hs_createdate) as occurred_at,
        false as is_inbound,
        hubspot_owner_id,
        cast(null as string) as outcome,
        _loaded_at,
        _is_deleted
    from tasks
    union all
    select
        id,
        id as engagement_name,
        'note' as activity_type,
        coalesce(hs_timestamp, hs_createdate) as occurred_at,
        false as is_inbound,
        hubspot_owner_id,
        cast(null as string) as outcome,
        _loaded_at,
        _is_deleted
    from notes

),

-- One row per person; what has nobody on it was done with nobody we know.
engagements_of_contacts as (

    select
        concat('hubspot:', engagements.engagement_name, ':', engagement_contacts.contact_id) as activity_id,
        'hubspot:' || engagement_contacts.contact_id as lead_id,
        engagements.activity_type,
        engagements.occurred_at,
        engagements.is_inbound,
        case when engagements.is_inbound then 'person' else 'rep' end as actor,
        'hubspot:' || nullif(engagements.hubspot_owner_id, '') as user_id,
        engagements.outcome,
        cast(null as string) as campaign_id,
        cast(null as string) as content_id,
        cast(null as string) as click_id,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        cast(null as string) as utm_content,
        cast(null as string) as utm_term,
        cast(null as string) as referrer,
        cast(null as string) as url,
        engagements._loaded_at,
        engagements._is_deleted
    from engagements
    inner join engagement_contacts on engagements.id = engagement_contacts.engagement_id

),

unioned as (

    select * from web_done
    union all
    select * from forms_sent_in
    union all
    select * from emails_of_campaigns
    union all
    select * from engagements_of_contacts

),

renamed as (

    select
        activity_id,
        lead_id,
        cast(null as string) as visitor_id,
        cast(null as string) as account_id,
        activity_type,
        occurred_at,
        'second' as occurred_at_precision,
        is_inbound,
        actor,
        user_id,
        outcome,
        campaign_id,
        content_id,
        click_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        referrer,
        cast(null as string) as landing_page,
        url,
        cast(null as string) as channel,
        cast(null as double) as value,
        'hubspot' as source,
        _loaded_at as loaded_at,
        _is_deleted as is_deleted
    from unioned

)

select * from renamed
