{#- What a mail of a sequence leads to: activity type, the column that dates it, who acts, and whether it happened. -#}
{%- set steps = [
    ('email_sent', 'sent_at', 'automation', 'true'),
    ('email_opened', 'opened_at', 'person', 'opened_at is not null'),
    ('email_clicked', 'clicked_at', 'person', 'clicked_at is not null'),
    ('email_replied', 'replied_at', 'person', 'replied_at is not null'),
    ('email_bounced', 'sent_at', 'automation', "outcome = 'bounced'"),
] -%}
{#- What came of it is said of the reply, or of the mail that had none. -#}
{%- set outcomes = {
    'email_replied': 'outcome', 'email_sent': 'case when replied_at is null then outcome end',
} -%}

with attendances as (

    select
        *,
        'spreadsheets:' || kind || ':' || event_key || ':' || email_key || ':' || cast(held_at as string) as attended_id
    from {{ ref('stg_spreadsheets__attendances') }}

),

cold_emails as (

    select
        *,
        'spreadsheets:mail:' || sequence_key || ':' || email_key || ':' || cast(sent_at as string) as mail_id
    from {{ ref('stg_spreadsheets__cold_emails') }}

),

-- A row of somebody who attended may say when they signed up, beside a row of its own that says that they did.
sign_ups as (

    select
        *,
        row_number() over (
            partition by lead_id, event_key, held_at
            order by is_deleted, case when registered_at is null then 1 else 0 end, status
        ) as sign_up_rank
    from attendances
    where kind = 'webinar' and (status = 'registered' or registered_at is not null)

),

came as (

    select
        attended_id || ':registered' as activity_id,
        lead_id,
        'webinar_registered' as activity_type,
        signed_up_at as occurred_at,
        signed_up_at_precision as occurred_at_precision,
        campaign_key,
        loaded_at,
        is_deleted
    from sign_ups
    where sign_up_rank = 1
    union all
    select
        attended_id || ':attended' as activity_id,
        lead_id,
        kind || '_attended' as activity_type,
        held_at as occurred_at,
        held_at_precision as occurred_at_precision,
        campaign_key,
        loaded_at,
        is_deleted
    from attendances
    where status = 'attended'

),

attended as (

    select
        activity_id,
        lead_id,
        activity_type,
        occurred_at,
        occurred_at_precision,
        true as is_inbound,
        'person' as actor,
        cast(null as string) as outcome,
        'spreadsheets:' || campaign_key as campaign_id,
        cast(null as string) as channel,
        loaded_at,
        is_deleted
    from came

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
        {{ outcomes.get(activity_type, "cast(null as string)") }} as outcome,
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
