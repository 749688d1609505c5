{#- What a mail of a sequence may lead to: activity type, the column that dates it, who acts, and when it did happen. -#}
{%- set steps = [
    ('email_sent', 'sent_at', 'automation', 'true'),
    ('email_opened', 'opened_at', 'person', 'opened_at is not null'),
    ('email_clicked', 'clicked_at', 'person', 'clicked_at is not null'),
    ('email_replied', 'replied_at', 'person', 'replied_at is not null'),
    ('email_bounced', 'sent_at', 'automation', "outcome = 'bounced'"),
] -%}

with attendances as (

    select * from {{ ref('stg_spreadsheets__attendances') }}

),

cold_emails as (

    select
        *,
        'spreadsheets:mail:' || sequence_key || ':' || email_key || ':' || cast(sent_at as string) as mail_id
    from {{ ref('stg_spreadsheets__cold_emails') }}

),

-- Who signed up for a webinar has shown interest; who signed up for an event and did not come has done nothing there yet.
attended as (

    select
        'spreadsheets:' || kind || ':' || event_key || ':' || email_key || ':' || cast(held_at as string) || ':' || status
            as activity_id,
        lead_id,
        kind || '_' || status as activity_type,
        held_at as occurred_at,
        held_at_precision as occurred_at_precision,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as outcome,
        'spreadsheets:' || campaign_key as campaign_id,
        cast(null as string) as channel,
        loaded_at,
        is_deleted
    from attendances
    where kind = 'webinar' or status = 'attended'

),

mailed as (
    {% for activity_type, moment, actor, condition in steps %}
    select
        mail_id || ':{{ activity_type }}' as activity_id,
        lead_id,
        '{{ activity_type }}' as activity_type,
        {{ moment }} as occurred_at,
        {{ moment }}_precision as occurred_at_precision,
        {{ 'true' if actor == 'person' else 'false' }} as is_inbound,
        '{{ actor }}' as actor,
        {{ "outcome" if activity_type == 'email_replied' else "cast(null as string)" }} as outcome,
        'spreadsheets:' || sequence_key as campaign_id,
        'cold_email' as channel,
        loaded_at,
        is_deleted
    from cold_emails
    where {{ condition }}
    union all
    {%- endfor %}
    select
        mail_id || ':unsubscribed' as activity_id,
        lead_id,
        'unsubscribed' as activity_type,
        coalesce(replied_at, clicked_at, opened_at, sent_at) as occurred_at,
        coalesce(replied_at_precision, clicked_at_precision, opened_at_precision, sent_at_precision)
            as occurred_at_precision,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as outcome,
        'spreadsheets:' || sequence_key as campaign_id,
        'cold_email' as channel,
        loaded_at,
        is_deleted
    from cold_emails
    where outcome = 'unsubscribed'

),

unioned as (

    select * from attended
    union all
    select * from mailed

),

renamed as (

    select
        activity_id,
        lead_id,
        cast(null as string) as visitor_id,
        cast(null as string) as account_id,
        activity_type,
        occurred_at,
        occurred_at_precision,
        is_inbound,
        actor,
        cast(null as string) as user_id,
        outcome,
        campaign_id,
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
        channel,
        cast(null as double) as value,
        'spreadsheets' as source,
        loaded_at,
        is_deleted
    from unioned

)

select * from renamed
